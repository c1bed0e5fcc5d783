/** What the report's page has besides what all pages have. */
export const REPORT_STYLE = `
html { scroll-padding-top: 1rem; }
section { margin: 2.2rem 0; border-top: 1px solid var(--line); padding-top: 1rem; }
h2 { font-size: 1.3rem; }
h3 { font-size: 1rem; line-height: 1.3; margin: 1.3rem 0 0; overflow-wrap: anywhere; }
p { margin: 0.4rem 0; }
small, .soft { color: var(--soft); }
.about { color: var(--soft); margin: 0.2rem 0 0; }
.lead { max-width: 50rem; overflow-wrap: anywhere; }
.note { background: var(--panel); border-left: 3px solid var(--few); border-radius: 0.3rem; padding: 0.5rem 0.8rem; max-width: 50rem; overflow-wrap: anywhere; }
.contents { display: flex; flex-wrap: wrap; gap: 0.3rem 1.1rem; list-style: none; margin: 1rem 0; padding: 0; font-size: 0.92rem; }
.tiles { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.8rem; list-style: none; margin: 1rem 0; padding: 0; max-width: 50rem; }
.tiles li { border-top: 4px solid var(--text); background: var(--panel); border-radius: 0 0 0.5rem 0.5rem; padding: 0.5rem 0.8rem; display: grid; }
.tiles .many { border-color: var(--many); }
.tiles .medium { border-color: var(--medium); }
.tiles .few { border-color: var(--few); }
.tiles .label, .tiles .detail { color: var(--soft); font-size: 0.85rem; }
.tiles .value { font-size: 1.9rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tiles small { font-size: 1rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1.4rem 2rem; margin: 1rem 0; align-items: start; }
.chart { max-width: 36rem; }
.chart > figcaption { font-size: 0.95rem; font-weight: 600; margin: 0 0 0.2rem; }
.chart svg { display: block; width: 100%; height: auto; overflow: visible; font: 14px system-ui, -apple-system, "Segoe UI", sans-serif; }
.legend li { min-width: 0; overflow-wrap: anywhere; }
.legend { display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; list-style: none; margin: 0 0 0.3rem; padding: 0; font-size: 0.85rem; }
.swatch { display: inline-block; width: 1.1rem; height: 0; border-top: 4px solid var(--color); margin-right: 0.4rem; vertical-align: 0.22em; border-radius: 1px; }
.swatch.dashed { border-top: 2px dashed var(--color); border-radius: 0; }
.map circle { fill: var(--medium); fill-opacity: 0.75; }
.map .many { fill: var(--many); }
.map .few { fill: var(--few); }
.map .other { fill: var(--soft); fill-opacity: 0.18; }
.map svg { border: 1px solid var(--line); border-radius: 0.5rem; touch-action: manipulation; }
.map [role="status"] { min-height: 2.9em; overflow-wrap: anywhere; }
.map select { font: inherit; color: inherit; background: var(--back); border: 1px solid var(--soft); border-radius: 0.4rem; padding: 0.15rem 0.4rem; max-width: 100%; }
.numbers { font-size: 0.85rem; margin-top: 0.2rem; }
.numbers summary { color: var(--soft); }
details > summary { width: fit-content; }
table { font-size: 0.92rem; }
th, td { padding: 0.22rem 0.9rem 0.22rem 0; vertical-align: top; }
th:last-child, td:last-child { padding-right: 0.2rem; }
td.number { white-space: nowrap; }
.number + :not(.number) { padding-left: 1rem; }
thead th { white-space: nowrap; }
.long { white-space: normal; overflow-wrap: anywhere; min-width: 11rem; vertical-align: bottom; }
tbody .long { vertical-align: top; }
.scroll:has(tbody th.long) th:first-child { position: sticky; left: 0; background: var(--back); }
.tall { max-height: 34rem; overflow: auto; border: 1px solid var(--line); border-radius: 0.5rem; margin-top: 0.6rem; }
.tall table { margin: 0; }
.tall thead th { position: sticky; top: 0; background: var(--panel); padding-top: 0.4rem; padding-bottom: 0.4rem; z-index: 1; }
.tall th:first-child { padding-left: 0.7rem; }
.sortable button { all: unset; cursor: pointer; }
.sortable button:focus-visible { outline: 2px solid var(--many); outline-offset: 2px; }
.sortable button::after { content: "\\00a0↕"; opacity: 0.5; }
[aria-sort="ascending"] button::after { content: "\\00a0↑"; opacity: 1; }
[aria-sort="descending"] button::after { content: "\\00a0↓"; opacity: 1; }
.share { background: linear-gradient(to right, color-mix(in srgb, var(--s1) 22%, transparent) var(--share), transparent 0) no-repeat; }
td:has(.dot) { white-space: nowrap; }
.dot { display: inline-block; width: 0.6rem; height: 0.6rem; border-radius: 50%; margin-right: 0.4rem; background: var(--medium); }
.dot.many { background: var(--many); }
.dot.few { background: var(--few); }
.search input { font: inherit; color: inherit; background: var(--back); border: 1px solid var(--soft); border-radius: 0.4rem; padding: 0.2rem 0.5rem; max-width: 100%; }
.search button { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--soft); border-radius: 0.4rem; padding: 0.2rem 0.6rem; cursor: pointer; }
.search [role="status"] { color: var(--soft); margin-left: 0.5rem; }
.pairs { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 19rem), 1fr)); gap: 1.2rem 1.6rem; list-style: none; margin: 0.8rem 0; padding: 0; }
.pairs p { margin: 0 0 0.4rem; line-height: 1.35; overflow-wrap: anywhere; }
.pairs .images { grid-template-columns: repeat(4, minmax(0, 1fr)); gap: 0.4rem; }
.pairs img, .pairs .missing { height: auto; aspect-ratio: 1; font-size: 0.7rem; text-align: center; }
.detail { display: block; color: var(--soft); font-size: 0.85rem; }
.hard { margin: 0.8rem 0; }
.hard ol { list-style: none; margin: 0.2rem 0; padding: 0; }
.hard li { display: flex; justify-content: space-between; gap: 0.5rem; color: var(--soft); }
.hard li span + span { white-space: nowrap; }
.hard .detail { font-size: 0.78rem; }
pre { background: var(--panel); border-radius: 0.5rem; padding: 0.7rem 0.9rem; overflow: auto; max-height: 30rem; font-size: 0.85rem; line-height: 1.4; }
code { font-family: ui-monospace, "Cascadia Mono", Consolas, monospace; overflow-wrap: anywhere; }
.remarks { padding-left: 1.2rem; overflow-wrap: anywhere; }
@media (max-width: 34rem) {
  .tiles { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .pairs img { height: auto; }
  .hard { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  table { font-size: 0.85rem; }
  th, td { padding-right: 0.5rem; }
  thead th { white-space: normal; vertical-align: bottom; }
  .long { min-width: 8.5rem; }
}
@media print {
  nav, .search, .choice { display: none; }
  section { margin: 1.2rem 0; }
  .charts { grid-template-columns: 1fr 1fr; gap: 0.8rem 1.2rem; }
  .tall, pre { max-height: none; overflow: visible; border: 0; }
  pre { white-space: pre-wrap; }
  .tall thead th { position: static; }
  .numbers { display: none; }
  .tiles li, .swatch, .dot, .share { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .pairs > li, .chart, .tiles { break-inside: avoid; }
  h3, .lead { break-after: avoid; }
  .lead { break-inside: avoid; }
  .sortable button::after { content: ""; }
}
`;
