// Time and memory of NCL's training step against PyTorch's, interleaved in one run.
//   npm run bench:step -- [--rounds 12] [--units 3] [--threads 2] [--compile] [--only resnet32]
// Ratios are to plain PyTorch (eager, contiguous), below 1 is faster.
import { compareNetworks } from "./network/compare.mjs";
import { CIFAR, IMAGENET } from "./network/spec.mjs";

await compareNetworks([CIFAR, { ...CIFAR, backbone: "resnet20", batch: 128 }, IMAGENET]);
