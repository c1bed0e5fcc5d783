/** What the check's page has besides what all pages have: badges, the list of findings, groups of images. */
export const STYLE = `
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
