import { markup, Markup } from "../../support/markup.js";
import type { Pictures } from "../run/pictures.js";
import { noun } from "../../support/text.js";

export interface Section {
  readonly id: string;
  readonly title: string;
  /** What it shows and what it means for this run, in a sentence or two. */
  readonly lead: string;
  readonly body: Markup;
}

export function sectionMarkup({ id, title, lead, body }: Section): Markup {
  return markup`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
<p class="lead">${lead}</p>
${body}</section>
`;
}

/** The way to each section. */
export function contents(sections: readonly Section[]): Markup {
  const links = sections.map(({ id, title }) => markup`<li><a href="#${id}">${title}</a></li>\n`);
  return markup`<nav aria-label="Contents"><ul class="contents">${links}</ul></nav>`;
}

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
  const kind = (column: number, cell: Cell): Markup => {
    const isText = column === 0 || text.includes(column);
    const classes = [...(isText ? [] : ["number"]), ...(isLong(cell) ? ["long"] : [])];
    return new Markup(classes.length === 0 ? "" : ` class="${classes.join(" ")}"`);
  };
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="${name}"><table>
<thead><tr>${head.map((title, column) => (title === "" ? markup`<td></td>` : markup`<th scope="col"${kind(column, title)}>${title}</th>`))}</tr></thead>
<tbody>${rows.map(
    (cells) => markup`<tr>${cells.map((cell, column) =>
      column === 0
        ? markup`<th scope="row"${kind(column, cell)}>${shown(cell)}</th>`
        : markup`<td${kind(column, cell)}>${shown(cell)}</td>`,
    )}</tr>
`,
  )}</tbody></table></div>`;
}

/** Letters of a cell beyond which it is broken wherever it must be: names of runs, recipes and folders. */
const MAX_UNBROKEN = 24;

function isLong(cell: Cell): boolean {
  return typeof cell === "string" && cell.length > MAX_UNBROKEN;
}

function shown(cell: Cell): Markup | string {
  if (cell === null) return "-";
  return typeof cell === "number" ? cell.toFixed(1) : cell;
}

/** A test image with what is to be said of it; a blank where there is no picture. */
export function picture(
  { urls }: Pictures,
  index: number,
  { alt, caption }: { alt: string; caption: Markup | string },
): Markup {
  const url = urls.get(index);
  const image =
    url === undefined
      ? markup`<div class="missing">no picture</div>`
      : markup`<img src="${url}" alt="${alt}" loading="lazy">`;
  return markup`<figure>${image}<figcaption>${caption}</figcaption></figure>
`;
}

/** Why a section has no pictures, where it has none. */
export function withoutPictures({ problem }: Pictures): Markup | null {
  return problem === null ? null : markup`<p class="note">Without pictures: ${problem}.</p>`;
}

/** "43.3 %" */
export function percentText(value: number): string {
  return `${value.toFixed(1)} %`;
}

/** "31.2 points", as against a share of something. */
export function pointsText(value: number): string {
  const shown = Math.abs(value).toFixed(1);
  return `${shown} ${shown === "1.0" ? "point" : "points"}`;
}

/** "1 class", "12 classes" */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${noun(count, one, many)}`;
}

/** "a", "a and b", "a, b and c" */
export function listed(items: readonly string[]): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1)!}`;
}

/** Sentences without those that do not apply. */
export function sentences(...parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== "").join(" ");
}
