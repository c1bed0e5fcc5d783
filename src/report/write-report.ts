import { writeFileAtomic } from "../support/atomic-file.js";
import { readRun, type ReportedRun } from "./run/reported-run.js";
import { markup, type Markup } from "../support/markup.js";
import { pageText } from "../support/page/page.js";
import { contents, sectionMarkup, type Section } from "./html/section.js";
import { SCRIPT } from "./html/script.js";
import { REPORT_STYLE } from "./html/style.js";
import { calibrationSection } from "./sections/calibration.js";
import { classesSection } from "./sections/classes.js";
import { confusionSection } from "./sections/confusion.js";
import { dataSection } from "./sections/data.js";
import { expertsSection } from "./sections/experts.js";
import { featuresMapSection } from "./sections/features-map.js";
import { fitSection } from "./sections/fit.js";
import { frequencySection } from "./sections/frequency.js";
import { hardestSection } from "./sections/hardest.js";
import { lossTermsSection } from "./sections/loss-terms.js";
import { recipeSection } from "./sections/recipe.js";
import { resultSection } from "./sections/result.js";
import { trainingSection } from "./sections/training.js";

const SECTIONS: readonly ((run: ReportedRun) => Section | null)[] = [
  resultSection,
  fitSection,
  featuresMapSection,
  frequencySection,
  classesSection,
  confusionSection,
  hardestSection,
  calibrationSection,
  expertsSection,
  lossTermsSection,
  trainingSection,
  dataSection,
  recipeSection,
];

/** The report of a run as one HTML file. */
function reportPage(run: ReportedRun, at: Date): string {
  const { recipe, versions } = run.description;
  const sections = SECTIONS.flatMap((make) => make(run) ?? []);
  return pageText({
    title: `${recipe.name}: report`,
    style: REPORT_STYLE,
    header: markup`<h1>${recipe.name}</h1>
<p class="about">${recipe.description}</p>
<p class="path">${run.folder.path}</p>`,
    main: markup`${missing(run)}${contents(sections)}
${sections.map(sectionMarkup)}`,
    script: SCRIPT,
    by: `longtail ${versions.longtail}`,
    at,
  });
}

/** What a run that has not ended, or an older one, lacks. */
function missing({ evaluation, analysis, history }: ReportedRun): Markup | null {
  if (evaluation?.selection && analysis !== null) return null;
  const text = evaluation?.selection
    ? "This run has no analysis.json (runs of earlier versions left none): calibration, agreement between the experts, examples of mistakes and the hardest images are missing."
    : `This run has not ended${history.end?.reason === "failed" ? " but failed" : ""}: ${evaluation === null ? "there is no evaluation yet" : "its last evaluation is shown"}, and what the end adds is missing (mistakes, calibration, agreement between the experts, the hardest images).`;
  return markup`<p class="note">${text}</p>`;
}

/**
 * Writes a run's report: one HTML file that needs no other, report/index.html in the run's folder unless `out` names
 * another. Returns its path.
 *
 * @throws LongtailError for a folder that holds no run, or one that cannot be written to.
 */
export async function writeReport(
  runPath: string,
  { out }: { out?: string | undefined } = {},
): Promise<string> {
  const run = await readRun(runPath);
  const path = out ?? run.folder.report;
  writeFileAtomic(path, reportPage(run, new Date()));
  return path;
}
