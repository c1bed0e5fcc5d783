import { Markup, markup } from "../../../support/markup.js";
import { facts, pageText } from "../../../support/page/page.js";
import { formatBytes } from "../../../support/units.js";
import { longTailPlot } from "../../../data/long-tail-plot.js";
import type { Quantiles } from "../../../data/image-statistics.js";
import { amount, type CheckSummary } from "../summary.js";
import { findingSection } from "./finding-section.js";
import { STYLE } from "./style.js";
import { verdict } from "./text.js";
import type { Thumbnails } from "./thumbnails.js";

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
  const { shorterSide, bytes, formats, colours } = statistics;
  const rows: [string, string][] = [
    ["format", kind ?? "-"],
    ["training images", count(images.train)],
    ["test images", count(images.test)],
    ["classes", count(classes.length)],
    ["imbalance", imbalance === null ? "a class is empty" : imbalance.toFixed(1)],
    ["shorter side, pixels", shorterSide ? range(shorterSide, String) : "-"],
    ["file size", bytes ? range(bytes, formatBytes) : "-"],
    ["image formats", shares(formats)],
    ["colours", shares(colours)],
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
  const most = Math.max(1, ...classes.map(({ train }) => train));
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
