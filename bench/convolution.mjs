// Our 3x3 convolution against libtorch's (oneDNN), shape by shape: what the rule in native/kernels/dispatch.cpp rests on.
//   npm run build && node bench/convolution.mjs [--threads 2] [--rounds 15] [--only 64x56x56x64x64]
// Ratios are own / libtorch, in CPU time and wall time; each is the median over rounds that alternate the two.
import { parseArgs } from "node:util";
import { grad, noGrad } from "../dist/torch/autograd.js";
import { conv3x3 } from "../dist/torch/operators.generated.js";
import { Rng } from "../dist/torch/random.js";
import { scope } from "../dist/torch/scope.js";
import { setKernels, setThreads } from "../dist/torch/settings.js";
import { median } from "./support/paired.mjs";

/** Images x height x width x inputs x outputs. */
const SHAPES = [
  "64x32x32x16x16",
  "64x16x16x32x32",
  "64x8x8x64x64",
  "8x32x32x16x16",
  "8x16x16x32x32",
  "8x8x8x64x64",
  "1x32x32x16x16",
  "1x8x8x64x64",
  "64x32x32x8x8",
  "64x32x32x16x64",
  "64x32x32x64x64",
  "64x16x16x128x128",
  "64x8x8x256x256",
  "64x4x4x64x64",
  "64x4x4x512x512",
  "64x2x2x64x64",
  "64x5x5x64x64",
  "64x7x7x64x64",
  "8x56x56x64x64",
  "8x28x28x128x128",
  "8x14x14x256x256",
  "8x7x7x512x512",
  "32x14x14x256x256",
  "32x7x7x512x512",
  "2x14x14x256x256",
  "2x112x112x64x64",
];
const { values } = parseArgs({
  options: {
    threads: { type: "string", default: "2" },
    rounds: { type: "string", default: "15" },
    only: { type: "string", multiple: true, default: SHAPES },
  },
});
setThreads(Number(values.threads));
const rng = new Rng(0);

function scoped(work) {
  const open = scope();
  try {
    return work();
  } finally {
    open[Symbol.dispose]();
  }
}

/** Seconds of wall and of CPU for one call; short ones are repeated within a measurement. */
function time(work, repeats) {
  const cpu = process.cpuUsage();
  const started = performance.now();
  for (let i = 0; i < repeats; i++) scoped(work);
  const wall = (performance.now() - started) / 1000 / repeats;
  const { user, system } = process.cpuUsage(cpu);
  return { wall, cpu: (user + system) / 1e6 / repeats };
}

/** The work of a forward pass alone and of both passes. */
function works([images, height, width, inputs, outputs]) {
  const memoryFormat = "channels_last";
  const x = rng.normal([images, inputs, height, width]).to({ memoryFormat }).setRequiresGrad();
  const weight = rng.normal([outputs, inputs, 3, 3]).to({ memoryFormat }).setRequiresGrad();
  const dy = rng.normal([images, outputs, height, width]).to({ memoryFormat });
  return {
    forward: () => {
      const restore = noGrad();
      conv3x3(x, weight);
      restore[Symbol.dispose]();
    },
    both: () => grad([conv3x3(x, weight)], [x, weight], { gradients: [dy] }),
  };
}

function compare(work) {
  setKernels("libtorch");
  scoped(work);
  const repeats = Math.max(1, Math.round(0.004 / time(work, 1).wall));
  const ratios = { wall: [], cpu: [] };
  for (let round = 0; round < Number(values.rounds); round++) {
    setKernels("libtorch");
    const libtorch = time(work, repeats);
    setKernels("always");
    const own = time(work, repeats);
    for (const clock of ["wall", "cpu"]) ratios[clock].push(own[clock] / libtorch[clock]);
  }
  return `${median(ratios.cpu).toFixed(2).padStart(10)} ${median(ratios.wall).toFixed(2).padStart(7)}`;
}

console.log("shape                 forward: CPU    wall   both passes: CPU    wall");
for (const shape of values.only) {
  scoped(() => {
    const { forward, both } = works(shape.split("x").map(Number));
    console.log(`${shape.padEnd(22)}${compare(forward).padStart(14)}${compare(both).padStart(26)}`);
  });
}
