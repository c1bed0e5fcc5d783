/** Classifiers on frozen features: trained in memory as in a run, adjusted afterwards, started from class means. */
import { existsSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import { loadTrained } from "./trained.js";
import type { Method } from "../methods/ensemble/method.js";
import { Ensemble, ExpertEnsemble } from "../models/ensemble.js";
import { buildBackbone } from "../models/registry.js";
import { Linear } from "../nn/linear.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { zeros } from "../torch/create.js";
import { Rng } from "../torch/random.js";
import { memory, scope } from "../torch/scope.js";
import { adjustClassifiers, adjustmentIssues, logitShifts } from "./adjust.js";
import { frozenFolder } from "./frozen.fixture.js";
import { toyRecipe } from "./toy.fixture.js";
import { openFeatureSets, selectFeatures, trainOnFeatures } from "./train-on-features.js";
import { trainToy } from "./train-toy.fixture.js";

const at = frozenFolder();

const balancedSoftmax = { kind: "balanced-softmax", experts: 1, sharedStages: 0, tau: 1 } as const;
const cosine = {
  kind: "cosine",
  scale: 16,
  bias: false,
  start: "class-means",
  prompt: "{}",
  names: null,
} as const;

const learned = { kind: "learned-scales", epochs: 10, lr: 0.2 } as const;

function recipe(changes: Partial<ResolvedRecipe> = {}): ResolvedRecipe {
  const base = toyRecipe(at("data"));
  return {
    ...base,
    method: balancedSoftmax,
    data: { ...base.data, train: [] },
    pretrained: { weights: null, file: at("weights/resnet8.safetensors"), load: "backbone", key: null },
    freezeBackbone: true,
    freezeBatchNorm: true,
    ...changes,
  };
}

function ensembleOf({ model }: Pick<Method, "model">): Ensemble {
  if (model instanceof Ensemble) return model;
  throw new Error("expected an ensemble");
}

function rowsOf(method: Pick<Method, "model">): number[][] {
  return ensembleOf(method).classifiers.map((layer) => layer.stateDict().get("weight")!.toList());
}

describe("in memory", () => {
  test.each<[string, Partial<ResolvedRecipe>]>([
    ["a linear classifier", {}],
    ["three experts", { method: { ...balancedSoftmax, experts: 3 } }],
    ["cosines from class means", { classifier: cosine }],
    ["an adjusted one", { adjustment: { kind: "tau-normalization", tau: 0.5 } }],
    ["learned scales", { adjustment: learned }],
    ["images and their mirror images", { featureViews: "mirrored", epochs: 3 }],
    [
      "two phases",
      {
        epochs: 3,
        phases: [
          { name: "one", epochs: 2, resetClassifier: false },
          { name: "two", epochs: 1, resetClassifier: true, optimizer: { kind: "sgd", lr: 0.01 } },
        ],
      },
    ],
  ])("%s: the same as in a run, and nothing stays behind", async (_name, changes) => {
    const of = recipe(changes);
    const complete =
      of.phases === undefined
        ? of
        : { ...of, phases: of.phases.map((one, i) => (i === 0 ? one : { ...one, optimizer: of.optimizer })) };
    await trainToy(complete, at("run"));
    using run = loadTrained(at("run"));
    const { train } = await openFeatureSets(complete, {});
    const before = memory().live;
    {
      using trainee = await trainOnFeatures(complete, train);
      expect(rowsOf(trainee.method)).toEqual(rowsOf(run.method));
      using _ = scope();
      const drawn = trainee.method.model.stateDict().get("backbone.0.conv1.weight")!;
      expect(drawn.abs().sum().item()).toBe(0); // time is spent on nothing that is not looked at
    }
    expect(memory().live).toBe(before);
  });

  test("features of some images", async () => {
    const { train, test: tested, validation, data } = await openFeatureSets(recipe(), {});
    expect([train.features.length, tested.features.length, validation]).toEqual([42 * 64, 12 * 64, null]);
    expect(data.trainSubset.size).toBe(42);
    const some = selectFeatures(train, [3, 1]);
    expect(Array.from(some.features.subarray(64))).toEqual(Array.from(train.features.subarray(64, 128)));
    expect(some.dataset.size).toBe(2);
  });

  test("a recipe without features is refused", async () => {
    await expect(openFeatureSets(recipe({ freezeBackbone: false }), {})).rejects.toThrow(
      "expected a recipe whose backbone is frozen",
    );
  });
});

test("class means: each row is the mean of its class's features, of length 1", async () => {
  const { train } = await openFeatureSets(recipe(), {});
  const still = { ...recipe().optimizer, lr: 1e-30 };
  using trainee = await trainOnFeatures(recipe({ classifier: cosine, optimizer: still }), train);
  const [rows = []] = rowsOf(trainee.method);
  const { labels, classes } = train.dataset;
  classes.forEach((_class, label) => {
    const mean = Array.from({ length: 64 }, (_value, d) =>
      labels.reduce((sum, one, i) => sum + (one === label ? train.features[i * 64 + d]! : 0), 0),
    );
    const length = Math.hypot(...mean);
    mean.forEach((value, d) => expect(rows[label * 64 + d]).toBeCloseTo(value / length, 5));
  });
});

describe("adjustments", () => {
  test("a finished run holds the adjusted classifiers; nothing else differs", async () => {
    await trainToy(recipe(), at("plain"));
    await trainToy(recipe({ adjustment: { kind: "logit-adjustment", tau: 2 } }), at("adjusted"));
    using plain = loadTrained(at("plain"));
    using adjusted = loadTrained(at("adjusted"));
    expect(rowsOf(adjusted.method)).toEqual(rowsOf(plain.method));
    const { counts } = plain.description;
    const total = counts.reduce((sum, count) => sum + count, 0);
    const biases = [plain, adjusted].map(({ method }) =>
      ensembleOf(method).classifiers[0]!.stateDict().get("bias")!.toList(),
    );
    counts.forEach((count, label) =>
      expect(biases[1]![label]! - biases[0]![label]!).toBeCloseTo(-2 * Math.log(count / total), 5),
    );
  });

  test("averages are adjusted as the weights are", async () => {
    const averaged = { ema: { decay: 0.9, warmup: false } };
    await trainToy(recipe(averaged), at("plain"));
    await trainToy(recipe({ ...averaged, adjustment: { kind: "logit-adjustment", tau: 2 } }), at("adjusted"));
    for (const weights of ["ema", "raw"] as const) {
      using plain = loadTrained(at("plain"), { weights });
      using adjusted = loadTrained(at("adjusted"), { weights });
      const [before, after] = [plain, adjusted].map(({ method }) =>
        ensembleOf(method).classifiers[0]!.stateDict().get("bias")!.toList(),
      );
      logitShifts(plain.description.counts, 2).forEach((shift, label) =>
        expect(after![label]! - before![label]!).toBeCloseTo(shift, 5),
      );
    }
  });

  test("learned scales: each class's row and bias by one factor, which serves the classes alike", async () => {
    const { train } = await openFeatureSets(recipe(), {});
    const { labels, classes } = train.dataset;
    using plain = await trainOnFeatures(recipe(), train);
    using scaled = await trainOnFeatures(recipe({ adjustment: learned }), train);
    const [before, after] = [plain, scaled].map(({ method }) => {
      const state = ensembleOf(method).classifiers[0]!.stateDict();
      return { rows: rowsOf(method)[0]!, biases: state.get("bias")!.toList() };
    });
    const factors = classes.map((_name, c) => after!.biases[c]! / before!.biases[c]!);
    expect(new Set(factors.map((factor) => factor.toFixed(3))).size).toBe(classes.length);
    before!.rows.forEach((value, i) => {
      expect(after!.rows[i]).toBeCloseTo(value * factors[Math.floor(i / 64)]!, 4);
    });
    const loss = ({ rows, biases }: { readonly rows: number[]; readonly biases: number[] }): number => {
      const counts = classes.map((_name, c) => labels.filter((label) => label === c).length);
      return labels.reduce((sum, label, image) => {
        const logits = biases.map((bias, c) =>
          rows
            .slice(64 * c, 64 * (c + 1))
            .reduce((logit, weight, d) => logit + weight * train.features[64 * image + d]!, bias),
        );
        const log = Math.log(logits.reduce((total, logit) => total + Math.exp(logit), 0));
        return sum + (log - logits[label]!) / counts[label]!;
      }, 0);
    };
    expect(loss(after!)).toBeLessThan(0.999 * loss(before!));
  });

  test("a run that ended with adjusted weights is not given more epochs", async () => {
    const adjusted = recipe({ adjustment: { kind: "tau-normalization", tau: 1 } });
    await trainToy(adjusted, at("adjusted"));
    await expect(
      trainToy({ ...adjusted, epochs: adjusted.epochs + 1 }, at("adjusted"), { resume: true }),
    ).rejects.toThrow(
      `found adjustment.kind tau-normalization, which has changed the weights after epoch ${adjusted.epochs}`,
    );
    expect(existsSync(at("adjusted/result.json"))).toBe(true);
  });

  test("tau-normalization with τ = 1 makes all rows equally long", () => {
    using layer = new Linear({ inFeatures: 4, outFeatures: 3, rng: new Rng(0) });
    using backbone = buildBackbone("resnet8", { rng: new Rng(0) });
    const model = new ExpertEnsemble([{ backbone, classifier: layer }], { dropout: 0 });
    adjustClassifiers(model, { kind: "tau-normalization", tau: 1 }, [5, 3, 1]);
    for (const length of layer.weight.linalgVectorNorm({ dim: [1] }).toList())
      expect(length).toBeCloseTo(1, 6);
  });

  test.each<[string, Partial<ResolvedRecipe>, string[]]>([
    [
      "cosine rows",
      { adjustment: { kind: "tau-normalization", tau: 1 }, classifier: cosine },
      ["classifier.kind"],
    ],
    ["scales of cosine rows", { adjustment: learned, classifier: cosine }, ["classifier.kind"]],
    ["no bias", { adjustment: { kind: "logit-adjustment", tau: 1 }, classifier: cosine }, ["classifier"]],
    [
      "another epoch",
      { adjustment: { kind: "logit-adjustment", tau: 1 }, selection: { kind: "test" } },
      ["selection.kind"],
    ],
    ["scales of averages", { adjustment: learned, ema: { decay: 0.9, warmup: true } }, ["ema"]],
    ["none", { selection: { kind: "test" } }, []],
  ])("do not go together with: %s", (_name, changes, keys) => {
    expect(adjustmentIssues(recipe(changes)).map(({ key }) => key)).toEqual(keys);
  });
});

test("experts that share a frozen trunk run it once", async () => {
  await trainToy(recipe({ method: { ...balancedSoftmax, experts: 3 } }), at("run"));
  using run = loadTrained(at("run"));
  const model = ensembleOf(run.method);
  const calls = model.backbones.map((backbone) => vi.spyOn(backbone, "forward"));
  using _ = scope();
  const logits = run.method.predict(zeros([2, 3, 16, 16]));
  expect(calls.map(({ mock }) => mock.calls.length)).toEqual([1, 0, 0]);
  expect(logits.map(({ shape }) => shape)).toEqual([
    [2, 3],
    [2, 3],
    [2, 3],
  ]);
});
