// Time and memory of predictions in evaluation mode against PyTorch's, interleaved in one run: logits of the experts'
// ensemble for batches of images.
//   npm run bench:inference -- [--rounds 12] [--units 3] [--threads 2] [--compile] [--only resnet32]
// Ratios are to plain PyTorch (eager, contiguous, inference mode), below 1 is faster.
import { compareNetworks } from "./network/compare.mjs";
import { CIFAR, IMAGENET } from "./network/spec.mjs";

await compareNetworks([
  { ...CIFAR, work: "inference", batch: 128 },
  { ...IMAGENET, work: "inference" },
]);
