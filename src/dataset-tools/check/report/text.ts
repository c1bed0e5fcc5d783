import { amount, type CheckSummary } from "../summary.js";
import { counted } from "../../../support/text.js";

const EXAMPLES = 3;
const MARKS = { error: "error  ", warning: "warning", note: "note   " } as const;

/** What a check found, for a terminal: a paragraph a finding, with some examples. */
export function textReport(summary: CheckSummary): string {
  const { findings, images, classes, imbalance } = summary;
  const spread = imbalance === null ? "" : `, imbalance ${imbalance.toFixed(imbalance < 10 ? 1 : 0)}`;
  const validation = images.validation === null ? "" : `, ${images.validation} validation`;
  const head = `${summary.name}: ${images.train ?? "no"} training${validation} and ${images.test === null ? "no test images" : counted(images.test, "test image")}, ${counted(classes.length, "class", "classes")}${spread}`;
  return [head, ...findings.map((finding) => paragraph(finding, summary.root)), verdict(summary)].join(
    "\n\n",
  );
}

function paragraph(finding: CheckSummary["findings"][number], root: string): string {
  const { severity, title, advice, items } = finding;
  const head = `${MARKS[severity]} ${title}: ${amount(finding)}`;
  if (severity === "note") return `${head}\n        ${firstSentence(advice)}`;
  const examples = items.slice(0, EXAMPLES).map((item) => `        ${describe(item, root)}`);
  const more = items.length > EXAMPLES ? [`        and ${items.length - EXAMPLES} more`] : [];
  return [head, ...examples, ...more, `      → ${advice}`].join("\n");
}

function firstSentence(text: string): string {
  return /^.*?[.](?=\s|$)/.exec(text)?.[0] ?? text;
}

function describe({ images, text }: CheckSummary["findings"][number]["items"][number], root: string): string {
  const places = images.slice(0, EXAMPLES).map(({ where }) => below(where, root));
  if (images.length > EXAMPLES) places.push(`${images.length - EXAMPLES} more`);
  return [places.join(" = "), below(text, root)].filter((part) => part !== "").join(": ");
}

/** A text in which paths begin at the data folder: the folder is known. */
export function below(text: string, root: string): string {
  return text.replaceAll(`${root}/`, "");
}

export function verdict({ counts: { error, warning, note } }: CheckSummary): string {
  const found = `${counted(error, "error")}, ${counted(warning, "warning")}, ${counted(note, "note")}`;
  if (error > 0) return `${found}: mend the errors before training.`;
  return warning > 0 ? `${found}: ready to train; look at the warnings.` : `${found}: ready to train.`;
}
