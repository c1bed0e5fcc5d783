// What a comparison of networks runs, and who competes in it.
import { fileURLToPath } from "node:url";
import { pytorchCompetitor } from "../support/pytorch.mjs";

/** work: "step" (forward, NCL's loss, backward, SGD) or "inference" (the experts' mean logits). size: pixels a side. */
export const CIFAR = { work: "step", backbone: "resnet32", experts: 3, batch: 64, classes: 100, size: 32 };
export const IMAGENET = { ...CIFAR, backbone: "resnet50", experts: 1, batch: 8, classes: 1000, size: 224 };

/** Training images of each class: a long tail from 500 to 5. */
export function classCounts(classes) {
  return Array.from({ length: classes }, (_, c) => Math.floor(500 * 0.01 ** (c / (classes - 1))));
}

const here = (file) => fileURLToPath(new URL(file, import.meta.url));

/** For race(), of a setting with its `threads`: PyTorch in its variants ("plain", "channels_last", "compile"), then longtail. */
export function competitors(spec, variants) {
  const text = JSON.stringify(spec);
  return [
    ...variants.map((variant) =>
      pytorchCompetitor({ name: `PyTorch ${variant}`, script: here("pytorch.py"), args: [text, variant] }),
    ),
    { name: "longtail", command: [process.execPath, here("longtail.mjs"), text] },
  ];
}
