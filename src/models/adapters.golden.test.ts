/** One training step with LoRA and one with AdaptFormer, as PyTorch computes them (test/golden/make-adapters.py). */
import { describe, expect, test } from "vitest";
import { goldenTensors } from "../../test/support/golden.js";
import { balancedLogits, crossEntropy, logCounts, stackLogits } from "../methods/ensemble/cross-entropy.js";
import { type AdapterOptions, withLoraMerged } from "../nn/adapters.js";
import { Adam } from "../optim/adam.js";
import type { Optimizer } from "../optim/optimizer.js";
import { Sgd } from "../optim/sgd.js";
import { Rng } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { ExpertEnsemble } from "./ensemble.js";
import { limitTraining } from "./fine-tuning.js";
import { buildClassifier } from "./registry.js";
import { matching, renamed } from "./state-names.js";
import { VisionTransformer } from "./vision-transformer.js";

const ADAPTERS = {
  lora: { kind: "lora", rank: 3, alpha: 6, targets: ["q", "v", "fc2"] },
  adaptformer: { kind: "adaptformer", dim: 4, scale: 1, learnScale: true, init: "normal" },
} as const satisfies Record<string, AdapterOptions>;
type Kind = keyof typeof ADAPTERS;

const OPTIMIZERS: Readonly<Record<string, (parameters: readonly Tensor[]) => Optimizer>> = {
  sgd: (parameters) => new Sgd(parameters, { lr: 0.01, momentum: 0.9, weightDecay: 5e-4 }),
  adamw: (parameters) => new Adam(parameters, { lr: 0.01, weightDecay: 0.05, decoupled: true }),
};

function ensemble(adapter: AdapterOptions | null): ExpertEnsemble {
  const rng = new Rng(3);
  const backbone = new VisionTransformer({
    patch: 4,
    width: 16,
    depth: 2,
    heads: 2,
    grid: 4,
    activation: "gelu",
    eps: 1e-6,
    registers: 0,
    layerScale: null,
    isClip: false,
    positions: "antialiased",
    pooling: "class",
    adapter,
    rng,
  });
  const classifier = buildClassifier(
    { kind: "cosine", scale: 25, bias: false, start: "random", prompt: "{}", names: null },
    { inFeatures: 16, classes: 3, rng },
  );
  return new ExpertEnsemble([{ backbone, classifier }], { dropout: 0 });
}

const under = (tensors: Map<string, Tensor>, prefix: string): Map<string, Tensor> =>
  renamed(
    matching(tensors, (name) => name.startsWith(prefix)),
    (name) => name.slice(prefix.length),
  );

function expectClose(found: Tensor, expected: Tensor, name: string): void {
  const distance = found.sub(expected).abs().max().item() / Math.max(1, expected.abs().max().item());
  expect(distance, name).toBeLessThan(1e-5);
}

describe.each(Object.keys(ADAPTERS) as Kind[])("%s", (kind) => {
  test.each(Object.keys(OPTIMIZERS))("logits, loss, gradients and a step of %s", (optimizerName) => {
    using _ = scope();
    const { tensors } = goldenTensors(`networks/adapter-${kind}`);
    using model = ensemble(ADAPTERS[kind]);
    model.loadStateDict(under(tensors, "start/"));
    limitTraining(model, { trainable: "all", adapter: ADAPTERS[kind] });
    using optimizer = OPTIMIZERS[optimizerName]!(model.parameters());
    const [logits] = model.forward(tensors.get("x")!);
    expectClose(logits!, tensors.get("logits")!, "logits");
    const balanced = balancedLogits(stackLogits([logits!]), logCounts([50, 10, 2], ["a", "b", "c"]));
    const loss = crossEntropy(balanced, tensors.get("labels")!);
    expectClose(loss, tensors.get("loss")!, "loss");
    loss.backward();
    const gradients = under(tensors, "gradient/");
    const stepped = under(tensors, `${optimizerName}/`);
    const trained = model.namedParameters().filter(([, { requiresGrad }]) => requiresGrad);
    expect(trained.map(([name]) => name).sort()).toEqual([...gradients.keys()].sort());
    for (const [name, { grad }] of trained) expectClose(grad!, gradients.get(name)!, `gradient of ${name}`);
    optimizer.step();
    const start = under(tensors, "start/");
    for (const [name, parameter] of model.namedParameters())
      expectClose(parameter, (stepped.get(name) ?? start.get(name))!, name);
  });
});

test("merged LoRA weights are those of a network without adapters that computes the same", () => {
  using _ = scope();
  const { tensors } = goldenTensors("networks/adapter-lora");
  using plain = ensemble(null);
  plain.loadStateDict(withLoraMerged(under(tensors, "start/"), ADAPTERS.lora));
  expectClose(plain.forward(tensors.get("x")!)[0]!, tensors.get("logits")!, "logits");
});
