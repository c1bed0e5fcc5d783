/** The page's looks: one column, for phones too; colours for light and dark; everything is unfolded on paper. */
export const STYLE = `
:root { --back: #fff; --panel: #f5f6f8; --text: #1c1f24; --soft: #5b6470; --line: #d9dde3;
  --error: #b3261e; --warning: #8a5a00; --note: #33566e; --on: #fff; --many: #0072b2; --medium: #009e73; --few: #d55e00; }
@media (prefers-color-scheme: dark) { :root { --back: #14171b; --panel: #1e2329; --text: #e8eaed; --soft: #a3adb8; --line: #363d46;
  --error: #ff8a80; --warning: #ffc261; --note: #9cc4de; --on: #14171b; --many: #56a8e0; --medium: #2fc197; --few: #ff8a3c; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem clamp(0.75rem, 3vw, 2rem) 3rem; max-width: 68rem; background: var(--back); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0.5rem 0 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; line-height: 1.3; margin: 0; }
a { color: inherit; }
.path, .where { color: var(--soft); overflow-wrap: anywhere; }
.path { margin: 0.2rem 0; }
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
section { margin: 1.5rem 0; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr)); gap: 0.4rem 1.2rem; margin: 0.6rem 0 1rem; }
.facts div { border-top: 1px solid var(--line); padding-top: 0.25rem; }
dt { color: var(--soft); font-size: 0.85rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.plot, .scroll { overflow-x: auto; }
.plot svg { display: block; width: 100%; min-width: 36rem; height: auto; }
summary { cursor: pointer; }
.finding summary { display: grid; grid-template-columns: auto 1fr auto; gap: 0.2rem 0.7rem; align-items: baseline; list-style: none; padding: 0.4rem 0; border-top: 1px solid var(--line); }
.finding summary::-webkit-details-marker { display: none; }
.finding summary h2::after { content: "\\00a0▸"; color: var(--soft); }
.finding details[open] summary h2::after { content: "\\00a0▾"; }
.advice { max-width: 46rem; margin: 0.2rem 0 0.8rem; }
.more { color: var(--soft); }
.texts { padding-left: 1.2rem; overflow-wrap: anywhere; }
.images { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr)); gap: 0.8rem; }
.groups { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: 0.7rem; }
.group { border: 1px solid var(--line); border-radius: 0.6rem; padding: 0.5rem 0.75rem 0.75rem; }
.group.wide { grid-column: 1 / -1; }
.group p { margin: 0 0 0.4rem; color: var(--soft); }
figure { margin: 0; min-width: 0; font-size: 0.85rem; line-height: 1.35; }
figure img, .missing { width: 100%; height: 8.5rem; object-fit: contain; background: var(--panel); border-radius: 0.4rem; display: block; }
.missing { display: grid; place-items: center; color: var(--soft); }
figcaption { margin-top: 0.25rem; overflow-wrap: anywhere; }
.split { color: var(--soft); border: 1px solid var(--line); border-radius: 0.3rem; padding: 0 0.25rem; font-size: 0.75rem; }
.where, .detail { display: block; font-size: 0.75rem; }
table { border-collapse: collapse; width: 100%; margin-top: 0.6rem; }
th, td { text-align: left; padding: 0.15rem 0.6rem 0.15rem 0; border-bottom: 1px solid var(--line); font-weight: normal; }
thead th { color: var(--soft); font-size: 0.85rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.bar { width: 40%; min-width: 6rem; }
.bar span { display: block; height: 0.7rem; min-width: 1px; background: var(--medium); border-radius: 0.15rem; }
.bar .many { background: var(--many); }
.bar .few { background: var(--few); }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
footer { color: var(--soft); font-size: 0.85rem; border-top: 1px solid var(--line); }
:focus-visible { outline: 2px solid var(--many); outline-offset: 2px; }
@media (max-width: 34rem) {
  .contents a, .finding summary { grid-template-columns: auto 1fr; }
  .contents .amount, .finding summary .amount { grid-column: 2; }
  .images { grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr)); }
  figure img, .missing { height: 7rem; }
}
@media print {
  :root { --back: #fff; --panel: #fff; --text: #000; --soft: #444; --line: #bbb; --error: #b3261e; --warning: #8a5a00; --note: #33566e; --on: #fff; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  .contents a { text-decoration: none; }
  details::details-content { content-visibility: visible; height: auto; }
  figure, .group p, tr { break-inside: avoid; }
  summary, h2, .advice { break-after: avoid; }
  .badge, .bar span { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .plot svg { min-width: 0; }
}
`;
