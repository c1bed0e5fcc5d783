/** Five training steps against the reference's: what the files train_*.safetensors hold, and the tests of it. */
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Labeled, Method } from "../../src/methods/ensemble/method.js";
import { Sgd } from "../../src/optim/sgd.js";
import { scope } from "../../src/torch/scope.js";
import { setThreads } from "../../src/torch/settings.js";
import type { Tensor } from "../../src/torch/tensor.js";
import { goldenTensors, rebuildWeights, uniformTensor } from "./golden.js";
import { Mulberry32 } from "./mulberry32.js";

const STREAM_SEED = 4500; // added to the run's seed: labels and images of the steps
const EVALUATION_SEED = 4900; // … images of the evaluation after them

/**
 * Relative to the logits' norm. Five steps at these rates are chaotic: a start that is moved by 1e-6 alone moves the logits after
 * them by up to 0.22, and the bound is twice that. Losses and gradient norms hold the method; this holds the evaluation:
 * logits by the last batch's statistics instead of the running ones are 2.6 to 2.8 away.
 */
const EVALUATION_BOUND = 0.45;

interface Tolerance {
  losses: readonly number[]; // relative, of the first steps; 1e-2 later, when rounding has been amplified
  gradNorm: number; // of the largest norm
}
const tolerances: Record<"contiguous" | "channels_last", Tolerance> = {
  contiguous: { losses: [1e-5, 1e-4], gradNorm: 1e-4 }, // as the reference computed
  channels_last: { losses: [1e-5, 1e-3], gradNorm: 3e-4 }, // libtorch's own kernels for it lie 2.7e-4 and 1.1e-4 away
};

export interface GoldenTraining {
  tensors: ReadonlyMap<string, Tensor>;
  batch: number; // rows, copies counted
  steps: number;
  lr: number;
  seed: number;
  losses: readonly number[];
  names: readonly string[]; // of the parameters, in PyTorch's order
  experts: number;
  counts: readonly number[];
  classes: readonly string[];
}

/** What an image of the runs is: seeded noise in −1..1. */
export function noise(random: Mulberry32, images: number): Tensor {
  return uniformTensor(random, [images, 3, 32, 32], -1, 1);
}

/** Call it outside any scope: the file's tensors live as long as the test file. */
export function goldenTraining(name: string): GoldenTraining {
  const { tensors, metadata } = goldenTensors(name);
  const number = (key: string): number => Number(metadata[key]);
  const names = JSON.parse(metadata["parameter_names"]!) as string[];
  const classes = number("classes");
  return {
    tensors,
    batch: number("batch"),
    steps: number("steps"),
    lr: number("lr"),
    seed: number("seed"),
    losses: JSON.parse(metadata["losses"]!) as number[],
    names,
    experts: names.filter((parameter) => /^backbone[.]\d+[.]conv1[.]weight$/.test(parameter)).length,
    counts: Array.from({ length: classes }, (_, c) => Math.floor(500 * 0.01 ** (c / (classes - 1)))),
    classes: Array.from({ length: classes }, (_, c) => `class ${c}`),
  };
}

interface Run {
  losses: number[];
  firstGradNorms: Map<string, number>;
  state: Map<string, { sum: number; norm: number; size: number }>;
  evalLogits: Tensor[];
}

type NextBatch = (random: Mulberry32) => Labeled;

async function train(golden: GoldenTraining, method: Method, nextBatch: NextBatch): Promise<Run> {
  const { lr, seed, steps } = golden;
  const { model } = method;
  const optimizer = new Sgd(model.parameters(), { lr, momentum: 0.9, nesterov: true, weightDecay: 2e-4 });
  const random = new Mulberry32(seed + STREAM_SEED);
  const run: Run = { losses: [], firstGradNorms: new Map(), state: new Map(), evalLogits: [] };
  for (let step = 0; step < steps; step += 1) {
    await setImmediate(); // lets the test runner report: steps block
    using _ = scope();
    const { loss } = method.step(nextBatch(random), { step, epoch: 0, epochs: 1, stepsPerEpoch: steps });
    optimizer.zeroGrad();
    loss.backward();
    if (step === 0) {
      for (const [name, { grad }] of model.namedParameters())
        if (grad !== null) run.firstGradNorms.set(name, grad.linalgVectorNorm().item());
    }
    optimizer.step();
    run.losses.push(loss.item());
  }
  for (const [name, value] of model.stateDict()) {
    if (value.dtype === "int64") continue; // counters are not in the file
    using _ = scope();
    const exact = value.to({ dtype: "float64" });
    run.state.set(name, { sum: exact.sum().item(), norm: exact.linalgVectorNorm().item(), size: value.size });
  }
  model.eval();
  run.evalLogits = [...method.predict(noise(new Mulberry32(seed + EVALUATION_SEED), 4))];
  optimizer[Symbol.dispose]();
  return run;
}

export interface GoldenTrainingOptions {
  /** Builds the method with the students' log(p + ε). */
  build: (logEpsilon: number) => Method;
  nextBatch: NextBatch;
  /** The reference's, unless given; channels_last is what native/kernels computes. */
  memoryFormat?: "contiguous" | "channels_last";
}

/** The tests of one file, by the reference's rule for logarithms and by the default one. */
export function describeGoldenTraining(
  golden: GoldenTraining,
  { build, nextBatch, memoryFormat = "contiguous" }: GoldenTrainingOptions,
): void {
  const tolerance = tolerances[memoryFormat];
  describe.each(Object.entries({ parity: 1e-9, default: 0 }))("%s", (_rule, logEpsilon) => {
    let method: Method;
    let run: Run;
    beforeAll(async () => {
      setThreads(1); // the runner has another file under way
      method = build(logEpsilon);
      rebuildWeights(method.model.namedParameters(), golden.seed);
      method.model.to({ memoryFormat });
      run = await train(golden, method, (random) => {
        const batch = nextBatch(random);
        return { ...batch, images: batch.images.to({ memoryFormat }) };
      });
    });
    afterAll(() => method[Symbol.dispose]());

    test("parameters have PyTorch's names, in its order", () => {
      expect(method.model.namedParameters().map(([name]) => name)).toEqual(golden.names);
    });

    test("the state dictionary has the reference's tensors", () => {
      expect([...run.state.keys()]).toEqual(withPrefix("final_norm.", golden));
    });

    test("losses", () => {
      const deviations = run.losses.map((loss, step) => Math.abs(loss / golden.losses[step]! - 1));
      deviations.forEach((deviation, step) =>
        expect(deviation, `step ${step + 1}`).toBeLessThan(tolerance.losses[step] ?? 1e-2),
      );
    });

    // One activation that rounding puts on the other side of zero moves a small norm by 1e-3, and the reference's own
    // values lie that far from a float64 computation; so the tolerance is of the largest norm.
    test("gradient norms of the first step", () => {
      const expected = new Map(
        withPrefix("grad_norm.", golden).map((name) => [name, value(golden, `grad_norm.${name}`)]),
      );
      expect([...run.firstGradNorms.keys()]).toEqual([...expected.keys()]);
      const largest = Math.max(...expected.values());
      for (const [name, norm] of run.firstGradNorms) {
        expect(Math.abs(norm - expected.get(name)!) / largest, name).toBeLessThan(tolerance.gradNorm);
        expect(Math.abs(norm / expected.get(name)! - 1), name).toBeLessThan(1e-2);
      }
    });

    // Five steps multiply such differences: a float64 computation ends 5 % away from the
    // reference's logits.
    test("means and sizes of the state after the last step", () => {
      for (const [name, { sum, norm, size }] of run.state) {
        const meanDifference = (sum - value(golden, `final_sum.${name}`)) / size;
        const rmsDifference = (norm - value(golden, `final_norm.${name}`)) / Math.sqrt(size);
        expect(Math.abs(meanDifference), name).toBeLessThan(1e-2);
        expect(Math.abs(rmsDifference), name).toBeLessThan(1e-2);
      }
    });

    test("logits in evaluation mode", () => {
      run.evalLogits.forEach((logits, k) => {
        const expected = golden.tensors.get(`eval_logits.${k}`)!;
        const difference =
          logits.sub(expected).linalgVectorNorm().item() / expected.linalgVectorNorm().item();
        expect(difference).toBeLessThan(EVALUATION_BOUND);
      });
    });
  });
}

function withPrefix(prefix: string, { tensors }: GoldenTraining): string[] {
  return [...tensors.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
}

function value({ tensors }: GoldenTraining, key: string): number {
  return tensors.get(key)!.item();
}
