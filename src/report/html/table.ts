import { Markup, markup } from "../../support/markup.js";

export type Cell = Markup | string | number | null;

export interface TableOptions {
  /** For those who do not see where it stands. */
  readonly name: string;
  /** The first column names the rows; the others are numbers unless `text` says otherwise. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** Columns of text, by number. */
  readonly text?: readonly number[];
}

/** A table that scrolls sideways where it is too wide. Numbers show one decimal, null "-". */
export function table({ name, head, rows, text = [] }: TableOptions): Markup {
  const kind = (column: number): Markup =>
    new Markup(column === 0 || text.includes(column) ? "" : ' class="number"');
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="${name}"><table>
<thead><tr>${head.map((title, column) => (title === "" ? markup`<td></td>` : markup`<th scope="col"${kind(column)}>${title}</th>`))}</tr></thead>
<tbody>${rows.map(
    (cells) => markup`<tr>${cells.map((cell, column) =>
      column === 0
        ? markup`<th scope="row">${shown(cell)}</th>`
        : markup`<td${kind(column)}>${shown(cell)}</td>`,
    )}</tr>
`,
  )}</tbody></table></div>`;
}

function shown(cell: Cell): Markup | string {
  if (cell === null) return "-";
  return typeof cell === "number" ? cell.toFixed(1) : cell;
}
