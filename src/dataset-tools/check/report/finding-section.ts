import { Markup, markup } from "../../../support/markup.js";
import { amount, type CheckSummary, type NamedImage } from "../summary.js";
import { below } from "./text.js";
import type { Thumbnails } from "./thumbnails.js";

type NamedFinding = CheckSummary["findings"][number];
type NamedItem = NamedFinding["items"][number];

/** How much of a finding the page shows. */
const MAX_SINGLE = 24;
const MAX_GROUPS = 12;
const MAX_PER_GROUP = 6;

interface Page {
  readonly root: string;
  readonly thumbnails: Thumbnails;
}

/** The images of which the page shows a picture. */
export function shownImages({ findings }: Pick<CheckSummary, "findings">): NamedImage[] {
  return findings.flatMap((finding) =>
    shownItems(finding).flatMap(({ images }) => images.slice(0, MAX_PER_GROUP)),
  );
}

function shownItems({ items }: NamedFinding): readonly NamedItem[] {
  return items.slice(0, items.some(isGroup) ? MAX_GROUPS : MAX_SINGLE);
}

function isGroup({ images }: NamedItem): boolean {
  return images.length > 1;
}

/** One finding: what it is, what to do, and what it is about. Notes are folded. */
export function findingSection(finding: NamedFinding, page: Page): Markup {
  const { kind, severity, title, advice, items } = finding;
  const shown = shownItems(finding);
  const rest = items.length - shown.length;
  const open = severity === "note" ? "" : " open";
  return markup`<section id="${kind}" class="finding" aria-labelledby="${kind}-title">
<details${new Markup(open)}><summary><span class="badge ${severity}">${severity}</span> <h2 id="${kind}-title">${title}</h2> <span class="amount">${amount(finding)}</span></summary>
<p class="advice">${advice}</p>
${shown.some(({ images }) => images.length > 0) ? pictures(shown, page) : texts(shown, page)}
${rest > 0 ? markup`<p class="more">and ${rest} more: all are in check.json</p>` : null}
</details></section>
`;
}

function texts(items: readonly NamedItem[], { root }: Page): Markup {
  const lines = items.map(({ text }) => markup`<li>${below(text, root)}</li>\n`);
  return markup`<ul class="texts">${lines}</ul>`;
}

function pictures(items: readonly NamedItem[], page: Page): Markup {
  if (!items.some(isGroup))
    return markup`<div class="images">${items.map(({ images, text }) => images.map((image) => figure(image, text, page)))}</div>`;
  return markup`<div class="groups">${items.map((item) => group(item, page))}</div>`;
}

function group({ images, text }: NamedItem, page: Page): Markup {
  const shown = images.slice(0, MAX_PER_GROUP);
  const rest = images.length - shown.length;
  return markup`<div class="group${shown.length > 2 ? " wide" : ""}"><p>${images.length} images${text === "" ? "" : `, ${text}`}${rest > 0 ? `; ${rest} are not shown` : ""}</p>
<div class="images">${shown.map((image) => figure(image, "", page))}</div></div>
`;
}

function figure(image: NamedImage, text: string, { root, thumbnails }: Page): Markup {
  const source = thumbnails.get(image);
  const where = below(image.where, root);
  const picture =
    source === undefined
      ? markup`<div class="missing">no picture</div>`
      : markup`<img src="${source}" alt="${image.class}, ${image.split}" loading="lazy">`;
  return markup`<figure>${picture}<figcaption><b>${image.class}</b> <span class="split">${image.split}</span>
<span class="where">${breakable(where)}</span>${text === "" ? null : markup`<span class="detail">${text}</span>`}</figcaption></figure>
`;
}

/** A path that may be broken after its slashes and underscores. */
function breakable(path: string): Markup[] {
  return path.split(/(?<=[/_])/).map((part) => markup`${part}<wbr>`);
}
