import { maxOf } from "../../../support/math.js";
import { Markup, markup } from "../../../support/markup.js";
import { facts, pageText } from "../../../support/page/page.js";
import { formatBytes } from "../../../support/units.js";
import { longTailPlot } from "../../../data/long-tail-plot.js";
import type { Quantiles } from "../../../data/image-statistics.js";
import { amount, type CheckSummary } from "../summary.js";
import { findingSection } from "./finding-section.js";
import { verdict } from "./text.js";
import type { Thumbnails } from "./thumbnails.js";

/** What the check's page has besides what all pages have: badges, the list of findings, groups of images. */
const STYLE = `
:root { --error: #b3261e; --warning: #8a5a00; --note: #33566e; }
@media (prefers-color-scheme: dark) { :root { --error: #ff8a80; --warning: #ffc261; --note: #9cc4de; } }
section { margin: 1.5rem 0; }
.verdict { font-weight: 600; margin: 0.6rem 0 1rem; }
.badge { display: inline-block; min-width: 4.6rem; padding: 0 0.5rem; border-radius: 1rem; text-align: center; font-size: 0.8rem; font-weight: 600;
  color: var(--on); background: var(--note); }
.badge.error { background: var(--error); }
.badge.warning { background: var(--warning); }
.amount { color: var(--soft); white-space: nowrap; }
.contents { list-style: none; margin: 0 0 1.5rem; padding: 0; border: 1px solid var(--line); border-radius: 0.6rem; overflow: hidden; }
.contents li + li { border-top: 1px solid var(--line); }
.contents a { display: grid; grid-template-columns: auto 1fr auto; gap: 0.2rem 0.7rem; align-items: baseline; padding: 0.45rem 0.75rem; text-decoration: none; }
.contents a:hover, .contents a:focus-visible { background: var(--panel); }
.contents a:hover .what { text-decoration: underline; }
.finding summary { display: grid; grid-template-columns: auto 1fr auto; gap: 0.2rem 0.7rem; align-items: baseline; list-style: none; padding: 0.4rem 0; border-top: 1px solid var(--line); }
.finding summary::-webkit-details-marker { display: none; }
.finding summary h2::after { content: "\\00a0▸"; color: var(--soft); }
.finding details[open] summary h2::after { content: "\\00a0▾"; }
.advice { max-width: 46rem; margin: 0.2rem 0 0.8rem; }
.more { color: var(--soft); }
.texts { padding-left: 1.2rem; overflow-wrap: anywhere; }
.groups { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: 0.7rem; }
.group { border: 1px solid var(--line); border-radius: 0.6rem; padding: 0.5rem 0.75rem 0.75rem; }
.group.wide { grid-column: 1 / -1; }
.group p { margin: 0 0 0.4rem; color: var(--soft); }
.split { color: var(--soft); border: 1px solid var(--line); border-radius: 0.3rem; padding: 0 0.25rem; font-size: 0.75rem; }
.where, .detail { display: block; font-size: 0.75rem; }
.bar { width: 40%; min-width: 6rem; }
@media (max-width: 34rem) {
  .contents a, .finding summary { grid-template-columns: auto 1fr; }
  .contents .amount, .finding summary .amount { grid-column: 2; }
}
@media print {
  :root { --error: #b3261e; --warning: #8a5a00; --note: #33566e; }
  .contents a { text-decoration: none; }
  .group p { break-inside: avoid; }
  .advice { break-after: avoid; }
  .badge { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`;

/** The whole report as one HTML file, without scripts. */
export function reportPage(
  summary: CheckSummary,
  thumbnails: Thumbnails,
  made: { at: Date; by: string },
): string {
  const { name, root, findings } = summary;
  return pageText({
    title: `Data check: ${name}`,
    style: STYLE,
    header: markup`<h1>Data check: ${name}</h1>
<p class="path">${root}</p>
<p class="verdict">${verdict(summary)}</p>`,
    main: markup`${contents(summary)}
${dataFacts(summary)}
${findings.map((finding) => findingSection(finding, { root, thumbnails }))}
${classTable(summary)}`,
    ...made,
  });
}

function contents({ findings }: CheckSummary): Markup {
  if (findings.length === 0) return markup`<p>Nothing was found.</p>`;
  return markup`<nav aria-label="Findings"><ul class="contents">
${findings.map(
  (
    finding,
  ) => markup`<li><a href="#${finding.kind}"><span class="badge ${finding.severity}">${finding.severity}</span>
<span class="what">${finding.title}</span> <span class="amount">${amount(finding)}</span></a></li>
`,
)}</ul></nav>`;
}

function dataFacts({ images, classes, imbalance, statistics, kind }: CheckSummary): Markup {
  const { shorterSide, bytes, formats, colors } = statistics;
  const rows: (readonly [string, string])[] = [
    ["format", kind ?? "-"],
    ["training images", count(images.train)],
    ...(images.validation === null ? [] : ([["validation images", count(images.validation)]] as const)),
    ["test images", count(images.test)],
    ["classes", count(classes.length)],
    ["imbalance", imbalance === null ? "a class is empty" : imbalance.toFixed(1)],
    ["shorter side, pixels", shorterSide ? range(shorterSide, String) : "-"],
    ["file size", bytes ? range(bytes, formatBytes) : "-"],
    ["image formats", shares(formats)],
    ["colors", shares(colors)],
  ];
  return markup`<section aria-labelledby="data"><h2 id="data">The data</h2>
${facts(rows)}
${classes.length > 0 ? markup`<div class="plot" tabindex="0" role="group" aria-label="Plot of class sizes">${longTailPlot(classes)}</div>` : null}</section>`;
}

function count(value: number | null): string {
  return value === null ? "none" : value.toLocaleString("en");
}

function range({ min, median, max }: Quantiles, show: (value: number) => string): string {
  return min === max ? show(min) : `${show(min)} to ${show(max)}, median ${show(median)}`;
}

function shares(counts: Readonly<Record<string, number>>): string {
  const entries = Object.entries(counts).map(([name, images]) => `${name} ${images.toLocaleString("en")}`);
  return entries.length === 0 ? "-" : entries.join(", ");
}

function classTable({ classes }: CheckSummary): Markup | null {
  if (classes.length === 0) return null;
  const most = Math.max(1, maxOf(classes.map(({ train }) => train)));
  const rows = classes.map(
    ({ name, train, test, group }) => markup`<tr><th scope="row">${name}</th><td class="number">${train}</td>
<td class="bar"><span class="${group}" style="width:${((100 * train) / most).toFixed(1)}%"></span></td><td class="number">${test ?? "-"}</td><td>${group}</td></tr>
`,
  );
  return markup`<section aria-labelledby="classes"><h2 id="classes">Classes</h2>
<details${new Markup(classes.length <= 50 ? " open" : "")}><summary>${classes.length} classes by label</summary>
<div class="scroll" tabindex="0" role="group" aria-label="Table of classes"><table>
<thead><tr><th scope="col">class</th><th scope="col" class="number">train</th><th scope="col"><span class="hidden">training images, as a bar</span></th><th scope="col" class="number">test</th><th scope="col">group</th></tr></thead>
<tbody>${rows}</tbody></table></div></details></section>`;
}
