import { Markup, markup } from "../support/markup.js";
import { GROUPS, type Group } from "./groups.js";
import type { ClassSize } from "./statistics.js";
import { counted } from "../support/text.js";

const WIDTH = 760;
const LEFT = 52;
const TOP = 40;
const PLOT_WIDTH = WIDTH - LEFT - 8;
const PLOT_HEIGHT = 200;
const BOTTOM = TOP + PLOT_HEIGHT;
/** With more classes than this their names do not fit. */
const MAX_NAMES = 30;
/** With more classes than this a bar has no room for a gap. */
const MAX_GAPS = 150;
/** More bars than this would be narrower than a pixel: of so many classes every so-manieth is shown. */
const MAX_BARS = 700;

/**
 * The training images of each class, largest class first, on a logarithmic scale: an SVG picture for itself or within a
 * page. Its colors suit light and dark, and color-blind people (Okabe and Ito's palette).
 */
export function longTailPlot(classes: readonly ClassSize[]): Markup {
  const sorted = classes.toSorted((a, b) => b.train - a.train);
  const top = Math.max(2, sorted[0]?.train ?? 0);
  const bars = Math.min(sorted.length, MAX_BARS);
  const shown = Array.from({ length: bars }, (_, i) => sorted[Math.floor((i * sorted.length) / bars)]!);
  const summary = describe(sorted);
  const named = sorted.length <= MAX_NAMES;
  const height = BOTTOM + (named ? 80 : 28);
  return markup`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" class="long-tail" aria-label="${summary}">
<title>${summary}</title>
<style>${new Markup(STYLE)}</style>
${axis(top)}${shown.map((one, place) => bar(one, { place, bars, top }))}${named ? names(sorted) : ends(sorted)}${legend(sorted)}</svg>
`;
}

const STYLE = `
.long-tail { font: 12px system-ui, sans-serif; --text: #333; --line: #ccc; --many: #0072b2; --medium: #009e73; --few: #d55e00; }
@media (prefers-color-scheme: dark) { .long-tail { --text: #ddd; --line: #555; --many: #56a8e0; --medium: #2fc197; --few: #ff8a3c; } }
@media print { .long-tail { --text: #333; --line: #ccc; --many: #0072b2; --medium: #009e73; --few: #d55e00; } }
.long-tail text { fill: var(--text); }
.long-tail line { stroke: var(--line); }
.long-tail .many { fill: var(--many); }
.long-tail .medium { fill: var(--medium); }
.long-tail .few { fill: var(--few); }
`;

function describe(sorted: readonly ClassSize[]): string {
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (!first || !last) return "No classes";
  return `Training images of ${counted(sorted.length, "class", "classes")}, from ${first.train} (${first.name}) to ${last.train} (${last.name})`;
}

/** The height of a count's bar; one image still shows. */
function heightOf(count: number, top: number): number {
  return count < 1 ? 0 : (PLOT_HEIGHT * (Math.log10(count) + 0.2)) / (Math.log10(top) + 0.2);
}

function axis(top: number): Markup[] {
  const steps = top < 100 ? [1, 2, 5] : [1];
  const decades = Array.from({ length: 8 }, (_, power) => 10 ** power);
  const ticks = decades.flatMap((decade) => steps.map((step) => step * decade)).filter((tick) => tick <= top);
  const lines = ticks.map((tick) => {
    const y = rounded(BOTTOM - heightOf(tick, top));
    return markup`<line x1="${LEFT}" x2="${WIDTH - 8}" y1="${y}" y2="${y}"/><text x="${LEFT - 6}" y="${y}" dy="4" text-anchor="end">${tick}</text>
`;
  });
  const middle = TOP + PLOT_HEIGHT / 2;
  return [
    ...lines,
    markup`<text transform="translate(12,${middle}) rotate(-90)" text-anchor="middle">training images</text>
`,
  ];
}

function bar(
  { name, train, group }: ClassSize,
  { place, bars, top }: { place: number; bars: number; top: number },
): Markup {
  const step = PLOT_WIDTH / bars;
  const width = bars > MAX_GAPS ? step + 0.05 : 0.8 * step; // neighbors overlap a little: no seams between them
  const height = heightOf(train, top);
  const [x, y, w, h] = [LEFT + place * step, BOTTOM - height, width, height].map(rounded);
  return markup`<rect class="${group}" x="${x!}" y="${y!}" width="${w!}" height="${h!}"><title>${name}: ${train}</title></rect>
`;
}

function names(sorted: readonly ClassSize[]): Markup[] {
  const step = PLOT_WIDTH / sorted.length;
  return sorted.map(({ name }, place) => {
    const x = rounded(LEFT + (place + 0.5) * step);
    return markup`<text transform="translate(${x},${BOTTOM + 12}) rotate(-40)" text-anchor="end">${shortened(name, 14)}</text>
`;
  });
}

/** The largest and the smallest class, below the two ends. */
function ends(sorted: readonly ClassSize[]): Markup {
  const [first, last] = [sorted[0]?.name ?? "", sorted.at(-1)?.name ?? ""].map((name) => shortened(name, 40));
  const y = BOTTOM + 18;
  return markup`<text x="${LEFT}" y="${y}">${first!}</text><text x="${WIDTH - 8}" y="${y}" text-anchor="end">${last!}</text>
`;
}

function legend(sorted: readonly ClassSize[]): Markup[] {
  return GROUPS.map((group, place) => {
    const x = LEFT + place * 236;
    return markup`<rect class="${group}" x="${x}" y="8" width="12" height="12"/><text x="${x + 18}" y="18">${groupText(sorted, group)}</text>
`;
  });
}

function groupText(sorted: readonly ClassSize[], group: Group): string {
  const members = sorted.filter((one) => one.group === group);
  const images = members.reduce((sum, { train }) => sum + train, 0);
  return `${group}: ${counted(members.length, "class", "classes")}, ${counted(images, "image")}`;
}

function shortened(name: string, most: number): string {
  return name.length <= most ? name : `${name.slice(0, most - 1)}…`;
}

function rounded(value: number): string {
  return value.toFixed(2);
}
