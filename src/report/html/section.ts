import { markup, type Markup } from "../../support/markup.js";

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
