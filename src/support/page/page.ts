import { Markup, markup } from "../markup.js";
import { PAGE_STYLE } from "./style.js";

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
