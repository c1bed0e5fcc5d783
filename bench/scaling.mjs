// How the cost of an image grows with threads, batch, experts, classes and image size, longtail beside PyTorch (eager,
// channels_last), both interleaved point by point.
//   npm run bench:scaling -- [--rounds 5] [--axes threads,batch,experts,classes,size]
// CPU milliseconds an image depend little on what else the machine does; ratios are PyTorch's over the same rounds.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { race } from "./support/paired.mjs";
import { CIFAR, competitors } from "./network/spec.mjs";

const cores = availableParallelism();
const base = { ...CIFAR, backbone: "resnet20", threads: cores };
const doublings = (most) => Array.from({ length: Math.floor(Math.log2(most)) + 1 }, (_, i) => 2 ** i);
const AXES = {
  threads: doublings(cores),
  batch: [8, 32, 128, 512],
  experts: [1, 2, 4, 8],
  classes: [100, 1000, 8142],
  size: [32, 64, 128],
};
const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    axes: { type: "string", default: Object.keys(AXES).join() },
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
for (const axis of values.axes.split(","))
  for (const value of AXES[axis]) {
    const setting = { ...base, ...settingOf(axis, value) };
    const [theirs, own] = await race(competitors(setting, ["channels_last"]), rounds);
    const perImage = ({ milliseconds, cpuMilliseconds }) =>
      [milliseconds, cpuMilliseconds].map((ms) => (ms / setting.batch).toFixed(3).padStart(9)).join("");
    const ratios = [own.ratio, own.cpuRatio].map(({ median }) => median.toFixed(2).padStart(9)).join("");
    console.log(
      `${axis.padEnd(10)}${String(value).padStart(6)}${perImage(own).padStart(32)}${perImage(theirs).padStart(30)}${ratios}`,
    );
  }
