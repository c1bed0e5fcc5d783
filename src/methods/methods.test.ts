import { expect, test } from "vitest";
import { Sgd } from "../optim/sgd.js";
import { assertNoIssues } from "../recipes/faults.js";
import { parseOverride } from "../recipes/overrides.js";
import { resolveRecipe } from "../recipes/resolve.js";
import type { Json } from "../support/json.js";
import { tensor } from "../torch/create.js";
import { Rng } from "../torch/random.js";
import { memory, scope } from "../torch/scope.js";
import { autocast } from "../torch/settings.js";
import { SINGLE_STEP, type Labeled, type Method } from "./ensemble/method.js";
import {
  assertTerms,
  builtInMethods,
  buildMethod,
  methodIssues,
  type MethodRecipe,
  termsOf,
} from "./index.js";
import { builtInSchemas } from "./schemas.js";
import { toyRecipe } from "../training/toy.fixture.js";
import { nclOptions, nestedOptions } from "./ensemble/problems.fixture.js";

const classes = ["cat", "dog", "emu"];
const training = { counts: [50, 10, 2], classes };
const ncl = {
  kind: "ncl",
  experts: 2,
  sharedStages: 0,
  hardCategories: 2,
  ...nclOptions,
  contrastive: null,
} as const satisfies MethodRecipe["method"];
const contrastive = {
  ...ncl,
  contrastive: {
    weight: 1,
    queue: 6,
    dimension: 5,
    temperature: 0.2,
    momentum: 0.9,
    projectionBias: true,
    keyProjection: "frozen",
  },
} as const satisfies MethodRecipe["method"];
const plusPlus = {
  kind: "ncl-plus-plus",
  experts: 2,
  sharedStages: 0,
  augmentations: 3,
  hardCategories: 2,
  ...nestedOptions,
} as const satisfies MethodRecipe["method"];
const ldam = {
  kind: "ldam",
  experts: 1,
  sharedStages: 0,
  maxMargin: 0.5,
  scale: 10,
  weighting: "deferred",
  beta: 0.9999,
  deferUntil: 0,
  deferUntilEpoch: null,
} as const satisfies MethodRecipe["method"];
const methods: MethodRecipe["method"][] = [
  { kind: "cross-entropy", experts: 1, sharedStages: 0, labelSmoothing: 0.1 },
  { kind: "balanced-softmax", experts: 2, sharedStages: 0, tau: 1 },
  ncl,
  contrastive,
  { ...contrastive, contrastive: { ...contrastive.contrastive, projectionBias: true, keyProjection: "ema" } },
  plusPlus,
  { ...plusPlus, sharedStages: 1 },
  ldam,
  { ...ldam, experts: 2, sharedStages: 2 },
  {
    kind: "distill",
    experts: 1,
    sharedStages: 0,
    teacher: "runs/teacher",
    temperature: 2,
    labels: 0.5,
    features: 1,
  },
];

function recipe(method: MethodRecipe["method"], seed = 0): MethodRecipe {
  const classifier =
    method.kind === "ldam"
      ? ({ kind: "fc-norm" } as const)
      : ({ kind: "cosine", scale: 16, bias: true, start: "random", prompt: "{}", names: null } as const);
  return { backbone: "resnet8", classifier, dropout: 0, freezeBackbone: false, method, seed, epochs: 10 };
}

/** The method, which learns from a teacher that answers at random where it asks for one. */
function built(choice: MethodRecipe["method"]): Method {
  const method = buildMethod(recipe(choice), training);
  method.learnFrom?.({
    answer: ({ shape: [images = 0] }) => ({
      logits: new Rng(6).normal([images, 3]),
      features: [new Rng(7).normal([images, 9])],
    }),
  });
  return method;
}

function batch({ views }: Pick<Method, "views">): Labeled {
  return {
    images: new Rng(5).normal([4 * views.length, 3, 8, 8]),
    labels: tensor([0, 1, 2, 0], { dtype: "int64" }),
  };
}

function trainingStep(method: Method, optimizer: Sgd): number {
  using _ = scope();
  const { loss } = method.step(batch(method), SINGLE_STEP);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss.item();
}

test.each(methods)(
  "$kind: a step's terms sum to the loss, under the names it says, and training lowers it",
  (choice) => {
    const method = built(choice);
    expect(method.name).toBe(choice.kind);
    {
      using _ = scope();
      const { loss, logits, terms } = method.step(batch(method), SINGLE_STEP);
      expect(logits.map(({ shape }) => shape)).toEqual(Array(choice.experts).fill([4, 3]));
      const sum = Object.values(terms).reduce((total, term) => total + term.item(), 0);
      expect(loss.item()).toBeCloseTo(sum, 4);
      const names = Object.keys(termsOf({ method: choice }));
      expect(names).toEqual(expect.arrayContaining(Object.keys(terms)));
    }
    const optimizer = new Sgd(method.model.parameters(), { lr: 0.01, momentum: 0.9 });
    const losses = Array.from({ length: 8 }, () => trainingStep(method, optimizer));
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
    optimizer[Symbol.dispose]();
    method[Symbol.dispose]();
  },
);

test.each(methods)("$kind: a step leaves as many tensors as there were, and dispose frees all", (choice) => {
  const before = memory();
  const method = built(choice);
  const optimizer = new Sgd(method.model.parameters(), {
    lr: 0.01,
    momentum: 0.9,
    nesterov: true,
    clipNorm: 1,
  });
  trainingStep(method, optimizer); // makes the gradients' and the momentum's tensors
  const afterFirst = memory();
  trainingStep(method, optimizer);
  expect(memory()).toEqual(afterFirst);
  optimizer[Symbol.dispose]();
  method[Symbol.dispose]();
  expect(memory()).toEqual(before);
});

test("a step's terms must be those of the definition, and add up to the loss", () => {
  const report = (loss: number, terms: Record<string, number>) => () => {
    assertTerms({ method: ncl }, { loss, terms });
  };
  expect(report(3, { crossEntropy: 1, hard: 2.0001 })).not.toThrow();
  expect(report(3, { crossEntropy: 1, hard: 1.5 })).toThrowErrorMatchingInlineSnapshot(
    `[TrainingError: method ncl: expected terms that add up to the loss, 3, found 2.5 (crossEntropy 1, hard 1.5)]`,
  );
  expect(report(3, { crossEntropy: 1, soft: 2 })).toThrowErrorMatchingInlineSnapshot(
    `[TrainingError: method ncl: expected terms of the loss that its definition names (crossEntropy, hard, distillation, hardDistillation, contrastive), found soft]`,
  );
});

test("the methods of longtail are those whose schemas recipes know", () => {
  expect(builtInMethods.map(({ schema }) => schema)).toEqual([...builtInSchemas]);
  expect(builtInMethods.map(({ kind }) => kind)).toEqual(builtInSchemas.map((one) => one.shape.kind.value));
});

test("predict gives each expert's raw logits, without gradient", () => {
  using _ = scope();
  const method = buildMethod(recipe(ncl), training);
  method.model.eval();
  const logits = method.predict(batch(method).images);
  expect(logits.map(({ shape }) => shape)).toEqual([
    [4, 3],
    [4, 3],
  ]);
  expect(logits.some(({ requiresGrad }) => requiresGrad)).toBe(false);
  method[Symbol.dispose]();
});

test("the seed determines the weights", () => {
  using _ = scope();
  const weights = (seed: number): number[] => {
    const method = buildMethod(recipe(ncl, seed), training);
    const values = method.model.parameters()[0]!.toList();
    method[Symbol.dispose]();
    return values;
  };
  expect(weights(1)).toEqual(weights(1));
  expect(weights(1)).not.toEqual(weights(2));
});

test("the loss is float32 under bfloat16 autocast", () => {
  using _ = scope();
  const method = buildMethod(recipe(ncl), training);
  using _autocast = autocast("bfloat16");
  const { loss, logits } = method.step(batch(method), SINGLE_STEP);
  expect(logits[0]!.dtype).toBe("float32"); // the cosine classifier's bias is
  expect(loss.dtype).toBe("float32");
  method[Symbol.dispose]();
});

test("settings that do not fit are named with the key and the place they come from", () => {
  const faults =
    (method: MethodRecipe["method"], overrides: readonly string[] = [], classes: number | null = 3) =>
    () => {
      const written = { ...toyRecipe("data"), method } as unknown as Json;
      const resolved = resolveRecipe(written, "my-recipe.yaml", overrides.map(parseOverride));
      assertNoIssues(resolved, methodIssues(resolved, classes));
    };
  expect(faults(ncl)).not.toThrow();
  expect(faults({ ...ncl, hardCategories: 30 })).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: method.hardCategories: expected at most 3, the number of classes, found 30 (my-recipe.yaml)]`,
  );
  expect(faults({ ...ncl, hardCategories: 30 }, [], null)).not.toThrow();
  expect(faults(plusPlus, ["method.hardCategories=4"])).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: method.hardCategories: expected at most 3, the number of classes, found 4 (--set method.hardCategories=4)]`,
  );
  const several = ["data.mix.kind=mixup", "data.secondView=[]", "method.sharedStages=3"];
  expect(faults(ncl, several)).toThrowErrorMatchingInlineSnapshot(`
    [UsageError: data.mix: expected null with method.kind ncl, which needs one target an image, found mixup (--set data.mix.kind=mixup)
    data.secondView: expected null with a method that takes no second view (of longtail's, ncl with method.contrastive does), found transforms (--set data.secondView=[])
    method.sharedStages: expected fewer than the 3 stages of resnet8, found 3 (--set method.sharedStages=3)]
  `);
  expect(faults(contrastive, ["data.batch=64", "data.secondView=[]"])).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: method.contrastive.queue: expected at least 64, the images of a batch (data.batch), found 6 (my-recipe.yaml)]`,
  );
  const own = ["method.otherLogits=removed", "method.hardCategorySource=own"];
  expect(faults(ncl, own)).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: method.otherLogits: expected "zeroed" with hardCategorySource "own", found "removed"; experts that keep different classes have no divergence between them; choose hardCategorySource first or mean to remove the other classes (--set method.otherLogits=removed)]`,
  );
});

test("a class without images is refused, and nothing stays behind", () => {
  const before = memory();
  const build =
    (method: MethodRecipe["method"], counts = training.counts) =>
    () =>
      buildMethod(recipe(method), { classes, counts });
  expect(build(contrastive, [5, 0, 1])).toThrow('class "dog"');
  expect(build(ncl, [5, 0, 1])).toThrowErrorMatchingInlineSnapshot(
    `[DataError: class "dog": expected at least one training image (balanced logits take the log of their number), found 0]`,
  );
  expect(build({ kind: "balanced-softmax", experts: 1, sharedStages: 0, tau: 1 }, [5, 0, 1])).toThrow(
    'class "dog"',
  );
  expect(memory()).toEqual(before);
});

test("a frozen backbone gets no gradient and stays as it is; its classifier learns, its batch norm follows", () => {
  using _ = scope();
  const method = buildMethod({ ...recipe(ncl), freezeBackbone: true }, training);
  const optimizer = new Sgd(method.model.parameters(), { lr: 0.1, momentum: 0.9, weightDecay: 0.1 });
  const before = new Map([...method.model.stateDict()].map(([name, value]) => [name, value.clone()]));
  trainingStep(method, optimizer);
  const changed = [...method.model.stateDict()].filter(([name, value]) => !value.equal(before.get(name)!));
  const names = changed.map(([name]) => name.replace(/^backbone[.].*[.](?=(running|num)_)/, "norm: "));
  expect([...new Set(names)]).toEqual([
    "norm: running_mean",
    "norm: running_var",
    "norm: num_batches_tracked",
    "classifier.0.weight",
    "classifier.0.bias",
    "classifier.1.weight",
    "classifier.1.bias",
  ]);
  const withGradient = method.model.namedParameters().filter(([, parameter]) => parameter.grad !== null);
  expect(withGradient.every(([name]) => name.startsWith("classifier"))).toBe(true);
  optimizer[Symbol.dispose]();
  method[Symbol.dispose]();
});

test("dropout lies between backbone and classifier, in training alone", () => {
  using _ = scope();
  const method = buildMethod({ ...recipe(ncl), dropout: 1 }, training);
  const [bias] = method.model.namedParameters().filter(([name]) => name === "classifier.0.bias");
  bias![1].detach().copy_(tensor([1, 2, 3]));
  const ofFirst = (): number[] => method.step(batch(method), SINGLE_STEP).logits[0]!.toList().slice(0, 3);
  expect(ofFirst()).toEqual([1, 2, 3]);
  method.model.eval();
  expect(ofFirst()).not.toEqual([1, 2, 3]);
  method[Symbol.dispose]();
});

test("weights from a file are waited for as zeros; the classifiers are those of a network without", () => {
  using _ = scope();
  const pretrained = { load: "backbone", weights: null, file: "weights.pth", key: null } as const;
  const [random, waiting] = [{}, { pretrained }].map((start) => {
    using method = buildMethod({ ...recipe(ncl), ...start }, training);
    return [...method.model.stateDict()].map(([name, value]): [string, unknown] => [name, value.toList()]);
  });
  const ofClassifier = ([name]: [string, unknown]): boolean => name.startsWith("classifier.");
  expect(waiting!.filter(ofClassifier)).toEqual(random!.filter(ofClassifier));
  expect(waiting!.filter(ofClassifier)).not.toEqual([]);
  const convolutions = waiting!.filter(([name]) => /^backbone.*conv1[.]weight$/.test(name));
  expect(new Set(convolutions.flatMap(([, values]) => (values as unknown[]).flat(3)))).toEqual(new Set([0]));
});
