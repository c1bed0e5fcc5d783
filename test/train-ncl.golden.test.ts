/** Five NCL training steps against the reference's: train_ncl.safetensors. */
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Method } from "../src/methods/method.js";
import { buildMethod } from "../src/methods/registry.js";
import { Sgd } from "../src/optim/sgd.js";
import { tensor } from "../src/torch/create.js";
import { scope } from "../src/torch/scope.js";
import { setThreads } from "../src/torch/settings.js";
import type { Tensor } from "../src/torch/tensor.js";
import { goldenTensors, rebuildWeights, uniformTensor } from "./support/golden.js";
import { Mulberry32 } from "./support/mulberry32.js";

const STREAM_SEED = 4500; // added to the run's seed: labels and images of the steps
const EVALUATION_SEED = 4900; // … images of the evaluation after them
const lossTolerances = [1e-5, 1e-4]; // relative, of the first steps; 1e-2 later, when rounding has been amplified

// Outside any scope: the file's tensors live as long as the test file.
const { tensors: golden, metadata } = goldenTensors("train_ncl");
const [classes, batch, steps, lr, seed] = ["classes", "batch", "steps", "lr", "seed"].map((key) =>
  Number(metadata[key]),
) as [number, number, number, number, number];
const losses = JSON.parse(metadata["losses"]!) as number[];
const names = JSON.parse(metadata["parameter_names"]!) as string[];
const experts = names.filter((name) => /^classifier[.]\d+[.]weight$/.test(name)).length;
const counts = Array.from({ length: classes }, (_, c) => Math.floor(500 * 0.01 ** (c / (classes - 1))));

function build(logEpsilon: number): Method {
  const method = buildMethod(
    {
      backbone: "resnet32",
      classifier: { kind: "fc", bias: true },
      dropout: 0,
      freezeBackbone: false,
      seed: 0,
      method: {
        kind: "ncl",
        experts,
        hardCategories: 30,
        crossEntropy: 1,
        hard: 1,
        distillation: 0.6,
        hardDistillation: 0.6,
        mask: "first",
        nonHard: "zeroed",
        logEpsilon,
      },
    },
    { counts, classes: counts.map((_, c) => `class ${c}`) },
  );
  rebuildWeights(method.model.namedParameters(), seed);
  return method;
}

interface Run {
  losses: number[];
  firstGradNorms: Map<string, number>;
  state: Map<string, { sum: number; norm: number; size: number }>;
  evalLogits: Tensor[];
}

async function train(method: Method): Promise<Run> {
  const { model } = method;
  const optimizer = new Sgd(model.parameters(), { lr, momentum: 0.9, nesterov: true, weightDecay: 2e-4 });
  const random = new Mulberry32(seed + STREAM_SEED);
  const run: Run = { losses: [], firstGradNorms: new Map(), state: new Map(), evalLogits: [] };
  for (let step = 0; step < steps; step += 1) {
    await setImmediate(); // lets the test runner report: steps block
    using _ = scope();
    const labels = tensor(random.integers(batch, classes), { dtype: "int64" });
    const { loss } = method.step({ images: uniformTensor(random, [batch, 3, 32, 32], -1, 1), labels });
    optimizer.zeroGrad();
    loss.backward();
    if (step === 0) {
      for (const [name, parameter] of model.namedParameters())
        run.firstGradNorms.set(name, parameter.grad!.linalgVectorNorm().item());
    }
    optimizer.step();
    run.losses.push(loss.item());
  }
  for (const [name, value] of model.stateDict()) {
    if (name.endsWith("num_batches_tracked")) continue; // not in the file
    using _ = scope();
    const exact = value.to({ dtype: "float64" });
    run.state.set(name, { sum: exact.sum().item(), norm: exact.linalgVectorNorm().item(), size: value.size });
  }
  model.eval();
  run.evalLogits = [
    ...method.predict(uniformTensor(new Mulberry32(seed + EVALUATION_SEED), [4, 3, 32, 32], -1, 1)),
  ];
  optimizer.dispose();
  return run;
}

describe.each(Object.entries({ parity: 1e-9, default: 0 }))("%s", (_rule, logEpsilon) => {
  let method: Method;
  let run: Run;
  beforeAll(async () => {
    setThreads(1); // the runner has another file under way
    method = build(logEpsilon);
    run = await train(method);
  });
  afterAll(() => method.dispose());

  test("parameters have PyTorch's names, in its order", () => {
    expect(method.model.namedParameters().map(([name]) => name)).toEqual(names);
  });

  test("the state dictionary has the reference's tensors", () => {
    const expected = [...golden.keys()].filter((key) => key.startsWith("final_norm."));
    expect([...run.state.keys()].map((name) => `final_norm.${name}`)).toEqual(expected);
  });

  test("losses", () => {
    const deviations = run.losses.map((loss, step) => Math.abs(loss / losses[step]! - 1));
    deviations.forEach((deviation, step) => expect(deviation).toBeLessThan(lossTolerances[step] ?? 1e-2));
  });

  // One activation that rounding puts on the other side of zero moves a small norm by 1e-3, and the reference's own
  // values lie that far from a float64 computation; so 1e-4 is of the largest norm.
  test("gradient norms of the first step", () => {
    const expected = new Map(names.map((name) => [name, golden.get(`grad_norm.${name}`)!.item()]));
    const largest = Math.max(...expected.values());
    for (const [name, norm] of run.firstGradNorms) {
      expect(Math.abs(norm - expected.get(name)!) / largest, name).toBeLessThan(1e-4);
      expect(Math.abs(norm / expected.get(name)! - 1), name).toBeLessThan(1e-2);
    }
  });

  // Five steps multiply such differences: a float64 computation ends 5 % away from the
  // reference's logits.
  test("means and sizes of the state after the last step", () => {
    for (const [name, { sum, norm, size }] of run.state) {
      const meanDifference = (sum - golden.get(`final_sum.${name}`)!.item()) / size;
      const rmsDifference = (norm - golden.get(`final_norm.${name}`)!.item()) / Math.sqrt(size);
      expect(Math.abs(meanDifference), name).toBeLessThan(1e-2);
      expect(Math.abs(rmsDifference), name).toBeLessThan(1e-2);
    }
  });

  test("logits in evaluation mode", () => {
    run.evalLogits.forEach((logits, k) => {
      const expected = golden.get(`eval_logits.${k}`)!;
      const difference = logits.sub(expected).linalgVectorNorm().item() / expected.linalgVectorNorm().item();
      expect(difference).toBeLessThan(0.2);
    });
  });
});
