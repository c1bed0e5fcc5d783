import { GROUPS } from "../../data/groups.js";
import type { Analysis, ConfusedPair } from "../../evaluation/analysis.js";
import { markup, type Markup } from "../../support/markup.js";
import {
  counted,
  percentText,
  picture,
  type Section,
  sentences,
  table,
  withoutPictures,
} from "../html/section.js";
import { groupAnswers, type GroupAnswers } from "../run/mistakes.js";
import type { RunEvaluation } from "../run/run-evaluation.js";
import type { Pictures } from "../run/pictures.js";
import type { ReportedRun } from "../run/reported-run.js";

const SHOWN_PAIRS = 12;

/** Which group's classes the mistakes go to, and the pairs of classes that are confused most, with pictures. */
export function confusionSection({ evaluation, analysis, pictures }: ReportedRun): Section | null {
  const answers = evaluation === null ? null : groupAnswers(evaluation);
  if (evaluation === null || answers === null) return null;
  return {
    id: "confusion",
    title: "Mistakes",
    lead: sentences(directionText(answers, evaluation), worstPairText(analysis)),
    body: markup`${directionTable(answers)}
${analysis === null ? null : confusedPairs(analysis, pictures)}`,
  };
}

/** Where the mistakes on the smallest classes go, against where chance would lead them. */
function directionText(answers: readonly GroupAnswers[], { groupOfClass }: RunEvaluation): string | null {
  const tail = answers.at(-1);
  if (tail === undefined || answers.length < 2) return null;
  const wrong = 100 - tail.right;
  if (wrong === 0) return `No image of a ${tail.group}-shot class is taken for another class.`;
  const share = (100 * tail.wrong.many) / wrong;
  const many = groupOfClass.filter((group) => group === "many").length;
  const expected = (100 * many) / (groupOfClass.length - 1);
  const towards =
    share > 1.2 * expected
      ? "the network leans towards the large classes"
      : share < expected / 1.2
        ? "the network leans away from the large classes"
        : "about what their number would lead one to expect";
  return `Of the mistakes on ${tail.group}-shot classes ${percentText(share)} are predictions of a many-shot class, which ${percentText(expected)} of the other classes are: ${towards}.`;
}

function worstPairText(analysis: Analysis | null): string | null {
  const worst = analysis?.confusedPairs[0];
  if (!worst) return null;
  const { classes } = analysis;
  return `Confused most: ${classes[worst.label]!} is taken for ${classes[worst.answer]!} in ${percentText(worst.ofLabel)} of its images.`;
}

function directionTable(answers: readonly GroupAnswers[]): Markup {
  return table({
    name: "Answers by group, in percent of the group's images",
    head: ["images of, %", "test images", "right", ...GROUPS.map((group) => `wrong: ${group}`)],
    rows: answers.map(({ group, images, right, wrong }) => [
      group,
      String(images),
      right,
      ...GROUPS.map((answered) => wrong[answered]),
    ]),
  });
}

function confusedPairs(analysis: Analysis, pictures: Pictures): Markup | null {
  const { confusedPairs: pairs } = analysis;
  if (pairs.length === 0) return null;
  const rest = pairs.slice(SHOWN_PAIRS);
  return markup`<h3>Pairs that are confused most</h3>
${withoutPictures(pictures)}
<ul class="pairs">${pairs.slice(0, SHOWN_PAIRS).map((one) => pair(one, analysis, pictures))}</ul>
${
  rest.length === 0
    ? null
    : markup`<details><summary>${counted(rest.length, "more pair")}</summary>
<ul class="pairs">${rest.map((one) => pair(one, analysis, pictures))}</ul></details>`
}`;
}

function pair(
  { label, answer, images, ofLabel, examples }: ConfusedPair,
  { classes, counts, groupOfClass }: Analysis,
  pictures: Pictures,
): Markup {
  const [labeled, answered] = [classes[label]!, classes[answer]!];
  const size = (place: number): string => `${groupOfClass[place]!}, ${counts[place]!}`;
  return markup`<li><p><b>${labeled}</b> <small>${size(label)}</small> taken for <b>${answered}</b> <small>${size(answer)}</small>
<span class="detail">${counted(images, "image")}, ${percentText(ofLabel)} of the class</span></p>
<div class="images">${examples.map(({ index, probability }) =>
    picture(pictures, index, {
      alt: `Test image ${index}: ${labeled}, taken for ${answered}`,
      caption: `${percentText(100 * probability)} sure`,
    }),
  )}</div></li>
`;
}
