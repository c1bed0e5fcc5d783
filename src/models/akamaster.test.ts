/** A published network whose names are not NCL's: pytorch_resnet_cifar10's ResNet-20, in PyTorch's older format. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { noGrad } from "../torch/autograd.js";
import { tensor } from "../torch/create.js";
import { Rng } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import { ExpertEnsemble } from "./ensemble.js";
import { loadPretrained } from "./pretrained.js";
import { buildBackbone, buildClassifier } from "./registry.js";

const folder = join(import.meta.dirname, "../../test/fixtures/akamaster");
/** What PyTorch computes for the image. */
const LOGITS = [10.7663, 0.8443, 1.9916, 0.7845, -6.274, -6.1298, -5.1836, -5.585, 5.4925, 3.2356];
const MEAN = [0.485, 0.456, 0.406];
const STD = [0.229, 0.224, 0.225];
const PIXELS = 32 * 32;

test("the network gives PyTorch's logits", () => {
  using _scope = scope();
  using _noGrad = noGrad();
  const rng = new Rng(0);
  const backbone = buildBackbone("resnet20", { rng });
  const classifier = buildClassifier({ kind: "fc", bias: true }, { inFeatures: 64, classes: 10, rng });
  const model = new ExpertEnsemble([{ backbone, classifier }], { dropout: 0 });
  loadPretrained(model, { file: join(folder, "resnet20-12fca82f.th"), load: "all" });
  const record = readFileSync(join(folder, "airplane.bin")).subarray(1); // the first byte is the label
  const values = Float32Array.from(record, (byte, at) => {
    const channel = Math.floor(at / PIXELS);
    return (byte / 255 - MEAN[channel]!) / STD[channel]!;
  });
  const [logits] = model.eval().forward(tensor(values, { shape: [1, 3, 32, 32] }));
  logits!.toList().forEach((logit, c) => expect(logit, `class ${c}`).toBeCloseTo(LOGITS[c]!, 3));
  model[Symbol.dispose]();
});
