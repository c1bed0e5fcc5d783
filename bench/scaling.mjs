// How the cost of an image grows with threads, batch, experts, classes and image size, longtail beside PyTorch (eager,
// channels_last), both interleaved point by point.
//   npm run bench:scaling -- [--rounds 5] [--axes threads,batch,experts,classes,size] [--plot FILE.svg]
// CPU milliseconds an image, which the plot shows, depend little on what else the machine does; ratios are PyTorch's over the same rounds.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { CIFAR, competitors } from "./network/spec.mjs";
import { writePlot } from "./scaling/plot.mjs";
import { race } from "./support/paired.mjs";

const cores = availableParallelism();
const base = { ...CIFAR, backbone: "resnet20", threads: cores };
const doublings = (most) => Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, i) => 2 ** i);
/** With linear cost an image's grows with this power of the value: not with the batch, with the square of a side. */
const AXES = {
  threads: { values: doublings(cores), power: 0, label: "threads" },
  batch: { values: [8, 32, 128, 512], power: 0, label: "images in a batch" },
  experts: { values: [1, 2, 4, 8], power: 1, label: "experts" },
  classes: { values: [100, 1000, 8142], power: 1, label: "classes" },
  size: { values: [32, 64, 128], power: 2, label: "pixels a side" },
};
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    axes: { type: "string", default: Object.keys(AXES).join() },
    plot: { type: "string" },
  },
});
const rounds = { rounds: Number(values.rounds), unitsPerRound: 1, warmUp: 2 };
/** Larger images come in smaller batches: what a batch holds stays the same. */
const settingOf = (axis, value) =>
  axis === "size" ? { size: value, batch: (64 * 32 * 32) / value ** 2 } : { [axis]: value };

console.log(
  `step of ${base.experts} x ${base.backbone}, batch 64, 100 classes, 32 px, ${cores} threads; but for`,
);
console.log(
  "                    longtail: wall ms, CPU ms an image    PyTorch: wall ms, CPU ms    ratio, of CPU time",
);

async function measure(axis, value) {
  const setting = { ...base, ...settingOf(axis, value) };
  const [theirs, own] = await race(competitors(setting, ["channels_last"]), rounds);
  const perImage = ({ milliseconds, cpuMilliseconds }) =>
    [milliseconds, cpuMilliseconds].map((ms) => (ms / setting.batch).toFixed(3).padStart(9)).join("");
  const ratios = [own.ratio, own.cpuRatio].map(({ median }) => median.toFixed(2).padStart(9)).join("");
  console.log(
    `${axis.padEnd(10)}${String(value).padStart(6)}${perImage(own).padStart(32)}${perImage(theirs).padStart(30)}${ratios}`,
  );
  const [longtail, PyTorch] = [own, theirs].map(({ cpuMilliseconds }) => cpuMilliseconds / setting.batch);
  return { value, longtail, PyTorch };
}

/** The power of the value with which a cost grows from the axis's first point to its last. */
function growth(points, name) {
  const [first, last] = [points[0], points.at(-1)];
  return (Math.log(last[name] / first[name]) / Math.log(last.value / first.value)).toFixed(2);
}

const panels = [];
for (const axis of values.axes.split(",")) {
  const points = [];
  for (const value of AXES[axis].values) points.push(await measure(axis, value));
  panels.push({ ...AXES[axis], axis, points });
}
console.log("\nCPU time an image grows with this power of the value, from the first to the last:");
for (const { axis, power, points } of panels.filter(({ points }) => points.length > 1))
  console.log(
    `${axis.padEnd(10)}longtail ${growth(points, "longtail").padStart(5)}   PyTorch ${growth(points, "PyTorch").padStart(5)}   linear in the work ${power}`,
  );
if (values.plot !== undefined) writePlot(values.plot, panels);
