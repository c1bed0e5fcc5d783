import uPlot from "uplot";
import type { Panel } from "./panels.ts";

const HEIGHT = 210; // pixels
const FONT = '12px system-ui, -apple-system, "Segoe UI", sans-serif';
/** So few points are shown as dots as well. */
const FEW_POINTS = 40;

/** The page's color of a custom property; a canvas knows no properties. */
function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** A panel's curves on a canvas, with an x for all of them. A curve's range is an area between two lines of no width. */
export class Chart {
  private readonly plot: uPlot;
  private readonly observer: ResizeObserver;

  /** @param moved called with the x under the pointer, null when it has left */
  constructor(element: HTMLElement, panel: Panel, moved: (x: number | null) => void) {
    this.plot = new uPlot(options(panel, element.clientWidth, moved), dataOf(panel), element);
    this.observer = new ResizeObserver(() => this.resize(element.clientWidth));
    this.observer.observe(element);
  }

  /** Shows more of the same curves. Whoever looks at a part of them keeps it. */
  update(panel: Panel): void {
    const { plot } = this;
    const [x = []] = plot.data;
    const { min = null, max = null } = plot.scales["x"]!;
    const isWhole = min === null || max === null || (min <= (x[0] ?? min) && max >= (x.at(-1) ?? max));
    plot.setData(dataOf(panel), isWhole);
    if (!isWhole) plot.redraw();
  }

  destroy(): void {
    this.observer.disconnect();
    this.plot.destroy();
  }

  private resize(width: number): void {
    if (width > 0) this.plot.setSize({ width, height: HEIGHT });
  }
}

/** Two panels of the same structure need no new chart, only new data. */
export function structureOf({ title, series }: Panel): string {
  return JSON.stringify([title, series.map(({ name, color, range }) => [name, color, range !== undefined])]);
}

function dataOf({ series, reach }: Panel): uPlot.AlignedData {
  const tables = series.map(({ x, y, range }): uPlot.AlignedData => {
    const edges = range === undefined ? [] : [[...range.least], [...range.greatest]];
    return [[...x], [...y], ...edges];
  });
  return uPlot.join([[[...reach]], ...tables]);
}

function options(panel: Panel, width: number, moved: (x: number | null) => void): uPlot.Options {
  const { lines, bands } = linesOf(panel);
  return {
    ...{ width, height: HEIGHT, padding: [10, 12, 0, 0], series: lines, bands },
    legend: { show: false },
    cursor: { sync: { key: panel.over }, points: { size: 7 }, drag: { x: true, y: false, uni: 20 } },
    scales: { x: { time: panel.over === "time" }, y: { range: rangeFrom(panel) } },
    axes: axes(panel),
    hooks: { setCursor: [(plot) => moved(xUnder(plot))] },
  };
}

function linesOf({ series }: Panel): { lines: uPlot.Series[]; bands: uPlot.Band[] } {
  const lines: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  for (const { color: name, x, range } of series) {
    const stroke = color(name);
    const points = { show: x.length <= FEW_POINTS, size: 5, fill: stroke };
    lines.push({ stroke, width: 1.75, spanGaps: true, points });
    if (range === undefined) continue;
    const edge: uPlot.Series = { stroke: "transparent", width: 0, spanGaps: true, points: { show: false } };
    lines.push(edge, edge);
    bands.push({ series: [lines.length - 1, lines.length - 2], fill: withAlpha(stroke) });
  }
  return { lines, bands };
}

function withAlpha(hex: string): string {
  return `${hex}30`;
}

/** All values with some room; never an axis without length. */
function rangeFrom({ fromZero }: Panel): uPlot.Range.Function {
  // Without any value both are null, whatever uPlot's types say.
  return (_plot, least: number | null, greatest: number | null) => {
    if (least === null || greatest === null) return [0, 1];
    const low = fromZero ? Math.min(0, least) : least;
    const room = 0.06 * (greatest - low || Math.abs(greatest) || 1);
    return [fromZero || least >= 0 ? Math.max(0, low - room) : low - room, greatest + room];
  };
}

function axes({ over }: Panel): uPlot.Axis[] {
  const [soft, line] = [color("--soft"), color("--line")];
  const shared = { stroke: soft, font: FONT, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  const small: uPlot.Axis.DynamicValues = (_plot, values) => values.map(shortText);
  return [
    over === "time"
      ? { ...shared, size: 26, gap: 4, space: 80, values: clock }
      : { ...shared, size: 26, gap: 4 },
    { ...shared, size: 48, gap: 6, values: small },
  ];
}

/** A number in as many letters as there is room for at an axis: small ones, such as learning rates, as 3e-5. */
function shortText(value: number): string {
  const text = String(Number(value.toPrecision(6)));
  return text.length <= 6 ? text : Number(value.toPrecision(3)).toExponential();
}

function xUnder(plot: uPlot): number | null {
  const { left = -1 } = plot.cursor;
  return left < 0 ? null : plot.posToVal(left, "x");
}

const clock: uPlot.Axis.DynamicValues = (_plot, times) =>
  times.map((time) => new Date(1000 * time).toLocaleTimeString("sv"));
