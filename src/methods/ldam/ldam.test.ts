import fc from "fast-check";
import { expect, test } from "vitest";
import type { z } from "zod";
import { toyRecipe } from "../../training/toy.fixture.js";
import { memory, scope } from "../../torch/scope.js";
import { tensor } from "../../torch/create.js";
import { Rng } from "../../torch/random.js";
import { stackLogits } from "../ensemble/cross-entropy.js";
import { SINGLE_STEP, type Labeled } from "../ensemble/method.js";
import { buildMethod, logitPriorTau, methodIssues } from "../index.js";
import { loadRecipe } from "../../recipes/load.js";
import { weightedFromEpoch } from "./index.js";
import { LdamMethod, classBalancedWeights, labelMargins, ldamLoss } from "./method.js";
import { LdamSchema } from "./schema.js";

const counts = [500, 60, 4];
const training = { counts, classes: ["ant", "bee", "cat"] };

function recipe(changes: Partial<z.input<typeof LdamSchema>> = {}) {
  const method = LdamSchema.parse({ kind: "ldam", ...changes });
  return { ...toyRecipe("data", { classifier: { kind: "fc-norm" }, epochs: 10 }), method };
}

function build(changes: Parameters<typeof recipe>[0]): LdamMethod {
  const built = buildMethod(recipe(changes), training);
  if (built instanceof LdamMethod) return built;
  throw new Error(`expected LdamMethod, found ${built.name}`);
}

test("margins fall with the fourth root of a class's images, from the largest one for the smallest class", () => {
  const margins = labelMargins(counts, 0.5);
  expect(margins[2]).toBe(0.5);
  expect(margins[0]! / margins[1]!).toBeCloseTo((60 / 500) ** 0.25, 12);
});

test("class-balanced weights add up to the number of classes; beta 0 weighs all alike", () => {
  const weights = classBalancedWeights(counts, 0.9999);
  expect(weights.reduce((sum, weight) => sum + weight)).toBeCloseTo(3, 12);
  expect(weights[2]! / weights[0]!).toBeCloseTo((1 - 0.9999 ** 500) / (1 - 0.9999 ** 4), 9);
  expect(classBalancedWeights(counts, 0)).toEqual([1, 1, 1]);
});

/** The loss and its gradient by every cosine, in double precision, from its definition. */
function written(
  cosines: readonly number[],
  labels: readonly number[],
  { margins, scale, weights }: { margins: readonly number[]; scale: number; weights: readonly number[] },
): { loss: number; gradient: number[] } {
  const classes = margins.length;
  const sum = labels.reduce((total, label) => total + weights[label]!, 0);
  let loss = 0;
  const gradient = labels.flatMap((label, image) => {
    const row = cosines.slice(image * classes, (image + 1) * classes);
    const z = row.map((cosine, c) => scale * (cosine - (c === label ? margins[c]! : 0)));
    const largest = Math.max(...z);
    const total = z.reduce((all, one) => all + Math.exp(one - largest), 0);
    const share = weights[label]! / sum;
    loss += share * (largest + Math.log(total) - z[label]!);
    return z.map((one, c) => share * scale * (Math.exp(one - largest) / total - (c === label ? 1 : 0)));
  });
  return { loss, gradient };
}

const cosine = fc.double({ min: -1, max: 1, noNaN: true });
const problems = fc.integer({ min: 1, max: 4 }).chain((images) =>
  fc.record({
    cosines: fc.array(cosine, { minLength: 3 * images, maxLength: 3 * images }),
    labels: fc.array(fc.nat(2), { minLength: images, maxLength: images }),
    isWeighted: fc.boolean(),
  }),
);

test("value and gradient are those of the definition, in double precision", () => {
  fc.assert(
    fc.property(problems, ({ cosines, labels, isWeighted }) => {
      using _ = scope();
      const [margins, weights] = [labelMargins(counts, 0.5), classBalancedWeights(counts, 0.9999)];
      const z = tensor(cosines, { shape: [1, labels.length, 3], dtype: "float64" }).setRequiresGrad();
      const exact = (values: readonly number[]) => tensor([...values], { dtype: "float64" });
      const loss = ldamLoss(z, tensor(labels, { dtype: "int64" }), {
        margins: exact(margins),
        scale: 30,
        classWeights: isWeighted ? exact(weights) : null,
      });
      loss.backward();
      const expected = written(cosines, labels, {
        margins,
        scale: 30,
        weights: isWeighted ? weights : [1, 1, 1],
      });
      expect(loss.item()).toBeCloseTo(expected.loss, 9);
      z.grad!.toList().forEach((found, i) => {
        expect(found).toBeCloseTo(expected.gradient[i]!, 9);
      });
    }),
  );
});

test("equal counts leave scaled cross-entropy with one margin for all", () => {
  fc.assert(
    fc.property(problems, ({ cosines, labels }) => {
      using _ = scope();
      const rows = tensor(cosines, { shape: [1, labels.length, 3] });
      const y = tensor(labels, { dtype: "int64" });
      const loss = ldamLoss(rows, y, {
        margins: tensor(labelMargins([7, 7, 7], 0.5)),
        scale: 30,
        classWeights: tensor(classBalancedWeights([7, 7, 7], 0.9999)),
      });
      const lowered = y.oneHot({ numClasses: 3 }).to({ dtype: "float32" }).mul(0.5);
      const plain = rows.select(0, 0).sub(lowered).mul(30).crossEntropyLoss(y);
      expect(loss.item()).toBeCloseTo(plain.item(), 4);
    }),
  );
});

function batch(): Labeled {
  return {
    images: new Rng(5).normal([4, 3, 8, 8]),
    labels: tensor([0, 1, 2, 0], { dtype: "int64" }),
  };
}

test("the weights apply from their epoch on, which is told anew, and after a resume in a later one as well", () => {
  using _ = scope();
  const lossesOf = (changes: object, epochs: readonly number[]): number[] => {
    const built = build(changes);
    built.model.eval(); // the same batch gives the same logits
    const losses = epochs.map((epoch) => built.step(batch(), { ...SINGLE_STEP, epoch }).loss.item());
    built[Symbol.dispose]();
    return losses;
  };
  const [early, before, after, later] = lossesOf({}, [0, 7, 8, 9]);
  expect(before).toBe(early);
  expect(after).not.toBe(before);
  expect(later).toBe(after);
  expect(lossesOf({}, [9])).toEqual([after]); // the first step of a resumed run
  expect(lossesOf({ weighting: "none" }, [9])).toEqual([early]);
  expect(lossesOf({ deferUntilEpoch: 3 }, [2, 3])).toEqual([early, after]);
  const built = buildMethod(recipe(), training);
  expect([0, 7, 8, 9].map((epoch) => built.onEpochStart?.(epoch))).toEqual([false, false, true, false]);
  built[Symbol.dispose]();
});

test("the epoch from which the weights apply", () => {
  const from = (changes: object, epochs: number) => weightedFromEpoch({ ...recipe(changes), epochs });
  expect(from({}, 200)).toBe(160);
  expect(from({ deferUntil: 0.7 }, 10)).toBe(7);
  expect(from({ deferUntil: 0.29 }, 100)).toBe(29);
  expect(from({ deferUntilEpoch: 5 }, 10)).toBe(5);
  expect(from({ weighting: "none" }, 200)).toBeNull();
});

test("the recipes' weights apply from the epoch, counted from 1, in which the rate drops first, as in Bag of Tricks", async () => {
  for (const name of ["cifar100-lt-ldam-drw", "cifar10-lt-ldam-drw"]) {
    const { schedule, method, epochs } = await loadRecipe(name);
    const from = weightedFromEpoch({ method, epochs } as Parameters<typeof weightedFromEpoch>[0]);
    expect({ schedule, from: from! + 1 }).toMatchObject({ schedule: { milestones: [160, 180] }, from: 160 });
  }
});

test("mixed images count by their shares", () => {
  using _ = scope();
  const built = buildMethod(recipe(), training);
  built.model.eval();
  const { images, labels } = batch();
  const other = tensor([2, 0, 1, 1], { dtype: "int64" });
  const lossOf = (targets: Omit<Labeled, "images">): number =>
    built.step({ images, ...targets }, SINGLE_STEP).loss.item();
  const mixed = lossOf({ labels, mixed: { labels: other, share: 0.3 } });
  expect(mixed).toBeCloseTo(0.3 * lossOf({ labels }) + 0.7 * lossOf({ labels: other }), 4);
  built[Symbol.dispose]();
});

test("logits are scaled cosines, in training and prediction", () => {
  using _ = scope();
  const built = build({ scale: 7 });
  built.model.eval();
  const [predicted] = built.predict(batch().images);
  const [cosines] = built.model.forward(batch().images);
  expect(predicted!.sub(cosines!.mul(7)).abs().max().item()).toBeLessThan(1e-4);
  expect(stackLogits([cosines!]).abs().max().item()).toBeLessThanOrEqual(1.00001);
  built[Symbol.dispose]();
});

test("a step leaves nothing behind, and dispose frees all", () => {
  const before = memory();
  {
    using _ = scope();
    const built = buildMethod(recipe(), training);
    built.step(batch(), { ...SINGLE_STEP, epoch: 9 }).loss.backward();
    for (const parameter of built.model.parameters()) parameter.grad = null;
    built[Symbol.dispose]();
  }
  expect(memory()).toEqual(before);
});

test("what does not fit", () => {
  expect(methodIssues(recipe() as never, 3)).toEqual([]);
  const faulty = { ...recipe({ deferUntilEpoch: 10 }), classifier: { kind: "fc", bias: true } };
  expect(methodIssues(faulty as never, 3)).toMatchInlineSnapshot(`
    [
      {
        "expected": "fc-norm with method.kind ldam, whose margins are of cosines",
        "key": "classifier.kind",
      },
      {
        "expected": "fewer than the 10 epochs of the recipe, or null",
        "key": "method.deferUntilEpoch",
        "remedy": "method.weighting=none leaves the weights out",
      },
    ]
  `);
  expect(() => buildMethod(recipe(), { ...training, counts: [5, 0, 1] })).toThrowErrorMatchingInlineSnapshot(
    `[DataError: class "bee": expected at least one training image (margins grow as classes shrink), found 0]`,
  );
});

test("raw logits stand for balanced classes once weights apply, else for the images drawn", () => {
  expect(logitPriorTau(recipe())).toBe(1);
  expect(logitPriorTau(recipe({ weighting: "none" }))).toBe(0);
});
