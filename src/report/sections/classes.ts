import { Markup, markup } from "../../support/markup.js";
import { counted, percentText, type Section, sentences } from "../html/section.js";
import type { RunEvaluation } from "../run/run-evaluation.js";
import { classMistakes, type ClassMistakes } from "../run/mistakes.js";
import type { ReportedRun } from "../run/reported-run.js";
import { maxOf } from "../../support/math.js";

/** A table of that many classes is folded. */
const MAX_OPEN = 200;

/** Every class with what the network makes of it. Without scripts it is in the order of the class sizes. */
export function classesSection({ evaluation }: ReportedRun): Section | null {
  if (evaluation === null) return null;
  const mistakes =
    evaluation.confusion === null ? null : classMistakes(evaluation.confusion, evaluation.perClass.length);
  const open = evaluation.perClass.length <= MAX_OPEN ? " open" : "";
  return {
    id: "classes",
    title: "Every class",
    lead: leadText(evaluation, mistakes),
    body: markup`<details${new Markup(open)}><summary>${counted(evaluation.perClass.length, "class", "classes")}, largest first</summary>
<p class="search" hidden><label for="class-search">Search</label> <input id="class-search" type="search" autocomplete="off"> <span role="status"></span> <button type="button" hidden>Show all</button></p>
<div class="scroll tall" tabindex="0" role="group" aria-label="Table of classes"><table class="sortable">
<thead><tr>${HEAD.map(([title, number]) => markup`<th scope="col"${number ? new Markup(' class="number"') : null}>${title}</th>`)}</tr></thead>
<tbody>${rows(evaluation, mistakes)}</tbody></table></div></details>`,
  };
}

const HEAD: readonly (readonly [title: string, number: boolean])[] = [
  ["class", false],
  ["group", false],
  ["training images", true],
  ["test images", true],
  ["accuracy, %", true],
  ["precision, %", true],
  ["most often taken for", false],
];

function leadText({ perClass }: RunEvaluation, mistakes: readonly ClassMistakes[] | null): string {
  const known = perClass.flatMap(({ accuracy }) => (accuracy === null ? [] : [accuracy]));
  const half = known.filter((accuracy) => accuracy >= 50).length;
  const attracting = mistakes === null ? null : mostAnswered(perClass, mistakes);
  return sentences(
    `${half.toLocaleString("en")} of ${counted(known.length, "class", "classes")} ${half === 1 ? "is" : "are"} recognized in half of the images or more.`,
    "Accuracy is the fraction of a class's images that are predicted as it, precision the fraction of its predictions that are right.",
    attracting,
  );
}

/** The class of low precision that costs the most: it is predicted too often. */
function mostAnswered(
  perClass: RunEvaluation["perClass"],
  mistakes: readonly ClassMistakes[],
): string | null {
  const wrong = mistakes.map(({ precision }, label) => {
    const { accuracy, testImages } = perClass[label]!;
    const right = ((accuracy ?? 0) * testImages) / 100;
    return precision === null || precision === 0 ? 0 : right * (100 / precision - 1);
  });
  const label = wrong.indexOf(maxOf(wrong));
  const images = Math.round(wrong[label] ?? 0);
  if (images < 2) return null;
  return `The class predicted wrongly most often is ${perClass[label]!.name}: for ${counted(images, "image")} of other classes (precision ${percentText(mistakes[label]!.precision!)}).`;
}

function rows(
  { perClass, groupOfClass }: RunEvaluation,
  mistakes: readonly ClassMistakes[] | null,
): Markup[] {
  const order = perClass.map((_, label) => label);
  order.sort((a, b) => perClass[b]!.trainImages - perClass[a]!.trainImages);
  return order.map((label) => {
    const { name, trainImages, testImages, accuracy } = perClass[label]!;
    const group = groupOfClass[label]!;
    return markup`<tr><th scope="row">${name}</th><td><span class="dot ${group}"></span>${group}</td><td class="number">${trainImages}</td><td class="number">${testImages}</td><td class="number share" style="--share:${(accuracy ?? 0).toFixed(0)}%">${short(accuracy)}</td><td class="number">${short(mistakes?.[label]?.precision ?? null)}</td><td>${takenFor(perClass, label, mistakes)}</td></tr>
`;
  });
}

function takenFor(
  perClass: RunEvaluation["perClass"],
  label: number,
  mistakes: readonly ClassMistakes[] | null,
): string {
  const worst = mistakes?.[label]?.takenFor;
  if (!worst) return "";
  return `${perClass[worst.answer]?.name ?? worst.answer} (${worst.images} of ${perClass[label]!.testImages})`;
}

function short(value: number | null): string {
  return value === null ? "-" : value.toFixed(1);
}
