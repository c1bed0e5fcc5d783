import { Markup, markup } from "../markup.js";

/**
 * What all pages look like: one column, for phones too; colors for light and dark; everything is unfolded on paper.
 * The groups' colors are Okabe and Ito's, which color-blind people can distinguish; s1 to s8 are of curves in one plot.
 */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --back: #fff; --panel: #f5f6f8; --text: #1c1f24; --soft: #5b6470; --line: #d9dde3;
  --on: #fff; --many: #0072b2; --medium: #009e73; --few: #d55e00;
  --s1: #0072b2; --s2: #c84e00; --s3: #00805d; --s4: #a6487f; --s5: #7a6200; --s6: #5b5fc7;
  --s7: #b3123f; --s8: #3d4450; }
@media (prefers-color-scheme: dark) { :root { --back: #14171b; --panel: #1e2329; --text: #e8eaed; --soft: #a3adb8; --line: #363d46;
  --on: #14171b; --many: #56a8e0; --medium: #2fc197; --few: #ff8a3c;
  --s1: #56a8e0; --s2: #ff8a3c; --s3: #2fc197; --s4: #e29ac6; --s5: #d9b93f; --s6: #a5a8f5;
  --s7: #ff7d9c; --s8: #c3c9d2; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem clamp(0.75rem, 3vw, 2rem) 3rem; max-width: 68rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0.5rem 0 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; line-height: 1.3; margin: 0; }
a { color: inherit; }
.path, .where { color: var(--soft); overflow-wrap: anywhere; }
.path { margin: 0.2rem 0; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); gap: 0.4rem 1.2rem; margin: 0.6rem 0 1rem; }
.facts div { border-top: 1px solid var(--line); padding-top: 0.25rem; }
dt { color: var(--soft); font-size: 0.85rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.plot, .scroll { overflow-x: auto; }
.plot svg { display: block; width: 100%; min-width: 36rem; height: auto; }
summary { cursor: pointer; }
.images { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: 0.8rem; }
figure { margin: 0; min-width: 0; font-size: 0.85rem; line-height: 1.35; }
figure img, .missing { width: 100%; height: 8.5rem; object-fit: contain; background: var(--panel); border-radius: 0.4rem; display: block; }
.missing { display: grid; place-items: center; color: var(--soft); }
figcaption { margin-top: 0.25rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin-top: 0.6rem; }
th, td { text-align: left; padding: 0.15rem 0.6rem 0.15rem 0; border-bottom: 1px solid var(--line); font-weight: normal; }
thead th { color: var(--soft); font-size: 0.85rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.bar span { display: block; height: 0.7rem; min-width: 1px; background: var(--medium); border-radius: 0.15rem; }
.bar .many { background: var(--many); }
.bar .few { background: var(--few); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
footer { color: var(--soft); font-size: 0.85rem; border-top: 1px solid var(--line); }
:focus-visible { outline: 2px solid var(--many); outline-offset: 2px; }
@media (max-width: 34rem) {
  .images { grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr)); }
  figure img, .missing { height: 7rem; }
}
@media print {
  :root { color-scheme: light; --back: #fff; --panel: #fff; --text: #000; --soft: #444; --line: #bbb; --on: #fff;
    --many: #0072b2; --medium: #009e73; --few: #d55e00;
    --s1: #0072b2; --s2: #c84e00; --s3: #00805d; --s4: #a6487f; --s5: #7a6200; --s6: #5b5fc7;
  --s7: #b3123f; --s8: #3d4450; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  details::details-content { content-visibility: visible; height: auto; }
  figure, tr { break-inside: avoid; }
  summary, h2 { break-after: avoid; }
  .bar span { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .plot svg { min-width: 0; }
}
`;

export interface Page {
  readonly title: string;
  /** CSS besides what all pages have. */
  readonly style: string;
  readonly header: Markup;
  readonly main: Markup;
  /** The program that made the page. */
  readonly by: string;
  readonly at: Date;
  /** Runs when the page is there; what the page says it must say without, too. */
  readonly script?: string;
}

/** A whole page as one HTML file: no other files, dark and light. */
export function pageText({ title, style, header, main, by, at, script }: Page): string {
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Markup(PAGE_STYLE + style)}</style>
</head>
<body>
<header>
${header}
</header>
<main>
${main}
</main>
<footer><p>${by}, ${at.toISOString().slice(0, 16).replace("T", " ")} UTC</p></footer>
${script === undefined ? null : markup`<script>${new Markup(script)}</script>\n`}</body>
</html>
`.text;
}

/** Terms and what is to be said of each, side by side where there is room. */
export function facts(rows: readonly (readonly [term: string, value: string | Markup])[]): Markup {
  return markup`<dl class="facts">${rows.map(
    ([term, value]) => markup`<div><dt>${term}</dt><dd>${value}</dd></div>
`,
  )}</dl>`;
}
