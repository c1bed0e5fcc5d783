import { markup, type Markup } from "../../support/markup.js";
import type { Pictures } from "../run/pictures.js";

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
