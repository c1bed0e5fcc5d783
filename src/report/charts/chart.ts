import * as Plot from "@observablehq/plot";
import type { PlotOptions } from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { Markup, markup } from "../../support/markup.js";
import { table, type TableOptions } from "../html/section.js";

export interface LegendItem {
  readonly name: string;
  /** A CSS color. */
  readonly color: string;
  readonly dashed?: boolean;
}

export interface ChartOptions {
  readonly title: string;
  /** What the picture shows, for those who do not see it. */
  readonly description: string;
  readonly plot: PlotOptions;
  readonly legend?: readonly LegendItem[];
  /** The numbers behind the picture, folded. */
  readonly numbers?: Omit<TableOptions, "name">;
}

/** In units of the picture, which is as wide as its column. */
const WIDTH = 520;
const HEIGHT = 300;

/**
 * A chart as inline SVG, with a title, a legend, a description and its numbers. Its colors are CSS variables, so that it
 * suits light and dark.
 */
export function chart({ title, description, plot, legend = [], numbers }: ChartOptions): Markup {
  return markup`<figure class="chart"><figcaption>${title}</figcaption>
${legend.length > 0 ? legendMarkup(legend) : null}
${drawn(plot, `${title}: ${description}`)}
${numbers === undefined ? null : markup`<details class="numbers"><summary>Numbers</summary>${table({ ...numbers, name: `Numbers: ${title}` })}</details>`}</figure>
`;
}

/** What the colors of a picture mean. */
export function legendMarkup(legend: readonly LegendItem[]): Markup {
  return markup`<ul class="legend">${legend.map(legendItem)}</ul>`;
}

function legendItem({ name, color, dashed = false }: LegendItem): Markup {
  return markup`<li><span class="swatch${dashed ? " dashed" : ""}" style="--color:${color}"></span>${name}</li>`;
}

function drawn(options: PlotOptions, label: string): Markup {
  const { document } = parseHTML("<html></html>") as unknown as { document: object };
  const defaults = { width: WIDTH, height: HEIGHT, marginTop: 30, marginLeft: 48, marginBottom: 42 };
  const svg = Plot.plot({ ...defaults, ...options, document }) as unknown as {
    outerHTML: string;
  };
  const named = markup`<svg role="img" aria-label="${label}" `.text;
  return new Markup(compact(svg.outerHTML).replace("<svg ", () => named));
}

/** Without the style that Plot adds, the names of the parts (the picture has one) and digits that no screen shows. */
function compact(svg: string): string {
  return svg
    .replace(/<style>.*?<\/style>/s, "")
    .replaceAll(/<text[^>]*\/>/g, "")
    .replaceAll(/<[^>]+>/g, (tag) =>
      tag
        .replaceAll(/ (aria-label|aria-hidden|font-family|width|height)="[^"]*"/g, (attribute) =>
          tag.startsWith("<rect") && /^ (width|height)/.test(attribute) ? attribute : "",
        )
        .replaceAll(/-?\d+\.\d{2,}/g, (digits) => String(Number(Number(digits).toFixed(1)))),
    );
}
