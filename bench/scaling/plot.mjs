// Draws what scaling.mjs measures: a small panel for each axis, cost of an image against the work, both logarithmic.
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { writeFileAtomic } from "../../dist/support/atomic-file.js";

const WIDTH = 280;
const HEIGHT = 240;
const COLUMNS = 3;
const HEAD = 34;
const COLORS = { longtail: "#0969da", PyTorch: "#cf222e" };

/**
 * panels: { label, power, points: [{ value, longtail, PyTorch }] }, costs in CPU milliseconds an image. A cost that is linear
 * in the work grows with the given power of the value; a dashed line shows that.
 */
export function writePlot(file, panels) {
  const rows = Math.ceil(panels.length / COLUMNS);
  const [width, height] = [WIDTH * Math.min(COLUMNS, panels.length), HEAD + HEIGHT * rows];
  const placed = panels.map((panel, i) => {
    const [x, y] = [WIDTH * (i % COLUMNS), HEAD + HEIGHT * Math.floor(i / COLUMNS)];
    return drawn(panel).replace("<svg ", `<svg x="${x}" y="${y}" `);
  });
  const frame =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" ` +
    'font-family="system-ui, sans-serif" font-size="12" color="#1f2328">' +
    `<title>CPU milliseconds an image as the work grows</title><rect width="${width}" height="${height}" fill="white"/>`;
  writeFileAtomic(file, `${frame}${legend()}${placed.join("\n")}</svg>\n`);
}

function legend() {
  const names = Object.entries(COLORS).map(([name, color]) => `<tspan fill="${color}">● ${name}</tspan>`);
  return `<text x="10" y="20">CPU milliseconds an image: ${names.join("  ")}  - - linear in the work</text>`;
}

function drawn({ label, power, points }) {
  const { document } = parseHTML("<html></html>");
  const costs = points.flatMap((point) => Object.keys(COLORS).map((name) => point[name]));
  const lowest = Math.min(...costs) / 1.6;
  const highest = Math.max(...costs) * 1.6;
  const [first] = points;
  const linear = points.map(({ value }) => ({
    value,
    cost: first.longtail * (value / first.value) ** power,
  }));
  const svg = Plot.plot({
    document,
    width: WIDTH,
    height: HEIGHT,
    marginLeft: 44,
    marginBottom: 38,
    x: { type: "log", label },
    y: { type: "log", label: null, domain: [lowest, highest], grid: true, ticks: 4, tickFormat: String },
    marks: [
      // "text": a log scale's own labels leave numbers out
      Plot.axisX(
        points.map(({ value }) => value),
        { text: String },
      ),
      Plot.line(linear, { x: "value", y: "cost", stroke: "#6e7781", strokeDasharray: "4 4", clip: true }),
      ...Object.entries(COLORS).flatMap(([name, color]) => [
        Plot.line(points, { x: "value", y: name, stroke: color, strokeWidth: 2 }),
        Plot.dot(points, { x: "value", y: name, fill: color, r: 3 }),
      ]),
    ],
  });
  return svg.outerHTML.replace(/<style>.*?<\/style>/s, "");
}
