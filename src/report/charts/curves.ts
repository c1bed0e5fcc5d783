import * as Plot from "@observablehq/plot";
import type { ScaleOptions } from "@observablehq/plot";
import type { Markup } from "../../support/markup.js";
import { chart, type LegendItem } from "./chart.js";

export interface Curve extends LegendItem {
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

/** An epoch that a chart marks. */
export interface Mark {
  readonly x: number;
  readonly label: string;
}

export interface CurvesOptions {
  readonly title: string;
  readonly description: string;
  readonly y: ScaleOptions;
  readonly curves: readonly Curve[];
  /** Epochs to mark. */
  readonly marks?: readonly Mark[];
  /** "epoch" unless given. */
  readonly x?: ScaleOptions;
}

/** With so few points each is shown. */
const MAX_DOTS = 12;
/** The numbers below a chart have about so many rows. */
const ROWS = 20;

/** How a line is dashed. */
export const DASHED = { strokeDasharray: "6 4" } as const;

/** A dot is filled, or hollow where its line is dashed. */
export function dotStyle({ color, dashed = false }: Pick<LegendItem, "color" | "dashed">): Plot.DotOptions {
  return dashed ? { stroke: color, strokeWidth: 2, fill: "var(--back)" } : { fill: color };
}

/** Values over epochs, a line each. */
export function curvesChart({ title, description, y, curves, marks = [], x = {} }: CurvesOptions): Markup {
  const drawn = curves.filter(({ points }) => points.length > 0);
  return chart({
    title,
    description,
    legend: drawn.length > 1 ? drawn : [],
    plot: {
      x: { label: "epoch", ticks: 6, ...plainTicks(x), ...x },
      y: { grid: true, ticks: 6, ...plainTicks(y), ...y },
      marks: [
        ...marks.flatMap(marked),
        ...drawn.map(({ points, color, dashed = false }) =>
          Plot.line(points, {
            ...{ x: "x", y: "y", stroke: color, strokeWidth: 2 },
            ...(dashed ? DASHED : {}),
          }),
        ),
        ...drawn
          .filter(({ points }) => points.length <= MAX_DOTS)
          .map(({ points, color, dashed = false }) =>
            Plot.dot(points, { x: "x", y: "y", ...dotStyle({ color, dashed }), r: 3.5 }),
          ),
      ],
    },
    numbers: { head: ["epoch", ...drawn.map(({ name }) => name)], rows: rowsOf(drawn) },
  });
}

/** Of a scale with a single value Plot would write 20 as 20.000000. */
function plainTicks({ type }: ScaleOptions): Pick<ScaleOptions, "tickFormat"> {
  return type === undefined ? { tickFormat: short } : {};
}

function marked({ x, label }: Mark): Plot.Markish[] {
  return [
    Plot.ruleX([x], { stroke: "var(--soft)", strokeDasharray: "2 3" }),
    Plot.text([label], {
      x,
      frameAnchor: "top",
      text: [label],
      textAnchor: "end",
      dx: -4,
      fill: "var(--soft)",
    }),
  ];
}

/** All values at some of the places that have one. */
function rowsOf(curves: readonly Curve[]): (string | null)[][] {
  const places = [...new Set(curves.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  const count = Math.min(ROWS, places.length);
  const chosen = Array.from(
    { length: count },
    (_, i) => places[Math.round(((i + 1) * places.length) / count) - 1]!,
  );
  const values = curves.map(({ points }) => new Map(points.map(({ x, y }) => [x, y])));
  return chosen.map((place) => [
    short(place),
    ...values.map((of) => (of.has(place) ? short(of.get(place)!) : null)),
  ]);
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
