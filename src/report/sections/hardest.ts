import type { Analysis, HardImage } from "../../evaluation/analysis.js";
import { markup, type Markup } from "../../support/markup.js";
import { counted, percentText, picture, type Section, sentences, withoutPictures } from "../html/section.js";
import type { Pictures } from "../run/pictures.js";
import type { ReportedRun } from "../run/reported-run.js";

const SHOWN = 18;

/** The test images of the smallest classes that the ensemble finds hardest, with what it makes of them. */
export function hardestSection({ analysis, pictures }: ReportedRun): Section | null {
  if (analysis === null || analysis.hardest.images.length === 0) return null;
  const { images, group } = analysis.hardest;
  const rest = images.slice(SHOWN);
  return {
    id: "hardest",
    title: group === "few" ? "The tail's hardest images" : `The hardest images of ${group}-shot classes`,
    lead: leadText(analysis),
    body: markup`${withoutPictures(pictures)}
${gallery(images.slice(0, SHOWN), analysis, pictures)}
${
  rest.length === 0
    ? null
    : markup`<details><summary>${counted(rest.length, "more image")}</summary>
${gallery(rest, analysis, pictures)}</details>`
}`,
  };
}

function leadText({ hardest: { images, group }, groupOfClass }: Analysis): string {
  const toMany = images.filter(({ answer }) => groupOfClass[answer] === "many").length;
  const known = images.filter(({ label, experts }) => experts.includes(label)).length;
  const several = images.some(({ experts }) => experts.length > 1);
  const sure = images.filter(({ top }) => (top[0]?.[1] ?? 0) >= 0.9).length;
  return sentences(
    `${counted(images.length, "test image")} of ${group}-shot classes to which the network gives the true class the least probability, at most four a class:`,
    `${toMany} are taken for a many-shot class, ${sure} with a probability of 90 % or more.`,
    several ? `In ${known} of them at least one expert knows better.` : null,
  );
}

function gallery(images: readonly HardImage[], analysis: Analysis, pictures: Pictures): Markup {
  return markup`<div class="images hard">${images.map((image) => card(image, analysis, pictures))}</div>`;
}

function card(
  { index, label, probability, top, experts }: HardImage,
  { classes }: Analysis,
  pictures: Pictures,
): Markup {
  const guesses = top.map(
    ([place, share]) =>
      markup`<li><span>${classes[place]!}</span> <span>${percentText(100 * share)}</span></li>`,
  );
  const names = experts.map((answer) => (answer === label ? "right" : classes[answer]!));
  const same = new Set(experts).size === 1;
  return picture(pictures, index, {
    alt: `Test image ${index}: ${classes[label]!}, taken for ${classes[top[0]?.[0] ?? label]!}`,
    caption: markup`<b>${classes[label]!}</b> <span class="soft">${percentText(100 * probability)}</span>
<ol>${guesses}</ol>${experts.length > 1 ? markup`<span class="detail">experts: ${same ? "all the same" : names.join(", ")}</span>` : null}`,
  });
}
