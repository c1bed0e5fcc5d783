/** What must hold for any logits. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { RecipeIssue } from "../../recipes/faults.js";
import { tensor } from "../../torch/create.js";
import { autocast } from "../../torch/settings.js";
import { scope } from "../../torch/scope.js";
import type { Tensor } from "../../torch/tensor.js";
import { balancedLogits, crossEntropy, logCounts, stackLogits } from "./cross-entropy.js";
import { hardCategories, hardCategoryIssues, hardCategoryMask } from "./hard-categories.js";
import { balancedOnlineDistillation } from "./distillation.js";
import { ncl, type NclOptions } from "../ncl/loss.js";
import {
  classNames,
  extreme,
  nclOptions,
  type Problem,
  problems,
  tensors,
  total,
  usual,
} from "./problems.fixture.js";

function options(changes: Partial<NclOptions>): NclOptions {
  return { hardCategories: 1, ...nclOptions, ...changes };
}

test("equal counts reduce balanced softmax to cross-entropy", () => {
  fc.assert(
    fc.property(problems(usual, { experts: 2 }), fc.integer({ min: 1, max: 500 }), (problem, count) => {
      using _ = scope();
      const { z, y, logN } = tensors({ ...problem, counts: problem.counts.map(() => count) });
      const stacked = stackLogits(z);
      const balanced = crossEntropy(balancedLogits(stacked, logN), y).item();
      expect(balanced).toBeCloseTo(crossEntropy(stacked, y).item(), 3);
    }),
  );
});

test.each([0, 1e-9])("distillation is never negative, with epsilon %s", (logEpsilon) => {
  fc.assert(
    fc.property(problems(usual, { experts: 3 }), (problem) => {
      using _ = scope();
      const p = stackLogits(tensors(problem).z).logSoftmax(2);
      expect(balancedOnlineDistillation(p, { weight: 1, logEpsilon }).item()).toBeGreaterThan(-1e-4);
    }),
  );
});

test("distillation is 0 for equal experts and for a single one", () => {
  fc.assert(
    fc.property(problems(usual, { experts: 1 }), (problem) => {
      using _ = scope();
      const [z] = tensors(problem).z;
      const of = (experts: Tensor[]): number =>
        balancedOnlineDistillation(stackLogits(experts).logSoftmax(2), { weight: 1, logEpsilon: 0 }).item();
      expect(of([z!, z!, z!])).toBeCloseTo(0, 4);
      expect(of([z!])).toBe(0);
    }),
  );
});

test("distillation equals the sum over ordered pairs, written out", () => {
  using _ = scope();
  const logits = [
    [1, 2, 0.5],
    [-1, 0, 3],
    [0.2, 0.1, 0],
  ];
  const p = logits.map((row) => {
    const sum = row.reduce((total, z) => total + Math.exp(z), 0);
    return row.map((z) => Math.exp(z) / sum);
  });
  let expected = 0;
  for (const [j, teacher] of p.entries()) {
    for (const [i, student] of p.entries())
      if (i !== j) teacher.forEach((t, c) => (expected += t * Math.log(t / student[c]!)));
  }
  const stacked = stackLogits(logits.map((row) => tensor(row, { shape: [1, 3] })));
  const found = balancedOnlineDistillation(stacked.logSoftmax(2), { weight: 0.6, logEpsilon: 0 });
  expect(found.item()).toBeCloseTo((0.6 / 2) * expected, 5);
});

const variants = (["first", "own", "mean"] as const)
  .flatMap((mask) =>
    (["zeroed", "removed"] as const).map((otherLogits) => ({ hardCategorySource: mask, otherLogits })),
  )
  .filter(
    ({ hardCategorySource, otherLogits }) => !(hardCategorySource === "own" && otherLogits === "removed"),
  )
  .flatMap((variant) => [0, 1e-9].map((logEpsilon) => ({ ...variant, logEpsilon })));

test.each(variants)("loss and gradient are finite for any finite logits: %j", (variant) => {
  fc.assert(
    fc.property(problems(extreme, { experts: 3 }), fc.boolean(), (problem, half) => {
      using _ = scope();
      using _autocast = half ? autocast("bfloat16") : null;
      const { z, y, logN } = tensors(problem);
      const given = half ? z.map((logits) => logits.to({ dtype: "bfloat16" })) : z;
      const loss = total(ncl(given, y, logN, options({ ...variant, hardCategories: problem.hard })));
      loss.backward();
      expect(loss.dtype).toBe("float32");
      expect(Number.isFinite(loss.item())).toBe(true);
      for (const { grad } of z) expect(grad!.isfinite().all().item()).toBe(1);
    }),
  );
});

/** A logit of 1e4 plus log n is rounded to float32's spacing there, 1e-3; six cross-entropies and the KL terms add it up. */
const ROUNDING = 1e-2;

test("equals the reference's formula where that is finite, with probabilities that underflow too", () => {
  const values = fc.oneof(usual, fc.constantFrom(0, 300, -300, 1e4, -1e4));
  fc.assert(
    fc.property(problems(values, { experts: 3 }), ({ hard, ...problem }) => {
      using _ = scope();
      const { z, y, logN } = tensors({ hard, ...problem });
      const found = total(ncl(z, y, logN, options({ hardCategories: hard, logEpsilon: 1e-9 }))).item();
      const expected = referenceLoss({ hard, ...problem });
      expect(Math.abs(found - expected)).toBeLessThan(ROUNDING + 1e-4 * Math.abs(expected));
    }),
  );
});

test("an infinite logit gives NaN, which the training loop notices", () => {
  using _ = scope();
  const z = [tensor([Infinity, 0], { shape: [1, 2] })];
  expect(crossEntropy(stackLogits(z), tensor([0], { dtype: "int64" })).item()).toBeNaN();
});

test.each(["first", "own", "mean"] as const)(
  "a mask (%s) has H ones, the target among them, and the largest",
  (mask) => {
    fc.assert(
      fc.property(problems(fc.oneof(usual, extreme), { experts: 2 }), ({ hard: count, ...problem }) => {
        using _ = scope();
        const { z, y } = tensors({ ...problem, hard: count });
        const hard = hardCategories(stackLogits(z), y, { hardCategories: count, hardCategorySource: mask });
        const m = hardCategoryMask(hard, problem.classes);
        expect(m.shape).toEqual([mask === "own" ? 2 : 1, problem.labels.length, problem.classes]);
        expect(new Set(m.sum({ dim: [2] }).toList())).toEqual(new Set([count]));
        expect(hard.select(2, 0).eq(y).all().item()).toBe(1);
        expect(m.gather(2, hard).min().item()).toBe(1);
      }),
    );
  },
);

test("the mask holds the classes with the largest raw logits", () => {
  using _ = scope();
  const z = stackLogits([
    tensor([5, 1, 4, 3, 2], { shape: [1, 5] }),
    tensor([0, 9, 0, 0, 8], { shape: [1, 5] }),
  ]);
  const y = tensor([1], { dtype: "int64" });
  const maskOf = (hardCategorySource: "first" | "own" | "mean"): number[] =>
    hardCategoryMask(hardCategories(z, y, { hardCategories: 3, hardCategorySource }), 5).toList();
  expect(maskOf("first")).toEqual([1, 1, 1, 0, 0]);
  expect(maskOf("own").slice(5, 10).filter(Boolean)).toHaveLength(3);
  expect(maskOf("own").slice(0, 5)).toEqual([1, 1, 1, 0, 0]);
  expect(maskOf("mean")).toEqual([1, 1, 0, 0, 1]);
});

test.each(["zeroed", "removed"] as const)("with H = C the hard terms are the others (%s)", (otherLogits) => {
  fc.assert(
    fc.property(problems(usual, { experts: 3 }), (problem) => {
      using _ = scope();
      const { z, y, logN } = tensors(problem);
      const terms = ncl(z, y, logN, options({ otherLogits, hardCategories: problem.classes }));
      expect(terms.hard.item()).toBeCloseTo(terms.crossEntropy.item(), 3);
      expect(terms.hardDistillation.item()).toBeCloseTo(terms.distillation.item(), 3);
    }),
  );
});

test("removed classes get no gradient from the hard terms, zeroed ones take part in the softmax", () => {
  using _ = scope();
  const y = tensor([0], { dtype: "int64" });
  const logN = logCounts([1, 1, 1], classNames(3));
  const onlyHard = { hardCategories: 2, crossEntropy: 0, distillation: 0, hardDistillation: 0 };
  const lossOf = (otherLogits: "zeroed" | "removed"): { loss: number; grad: number[] } => {
    const z = tensor([2, 1, -3], { shape: [1, 3] }).setRequiresGrad();
    const loss = total(ncl([z], y, logN, options({ ...onlyHard, otherLogits })));
    loss.backward();
    return { loss: loss.item(), grad: z.grad!.toList() };
  };
  const [two, one] = [Math.exp(2), Math.exp(1)];
  expect(lossOf("zeroed").loss).toBeCloseTo(-Math.log(two / (two + one + 1)), 5);
  expect(lossOf("removed").loss).toBeCloseTo(-Math.log(two / (two + one)), 5);
  expect(lossOf("zeroed").grad[2]).toBe(0);
  expect(lossOf("removed").grad[2]).toBe(0);
});

test("losses are computed in float32 under autocast", () => {
  using _ = scope();
  using _autocast = autocast("bfloat16");
  const z = [0, 1].map(() => tensor([1, 2], { shape: [1, 2], dtype: "bfloat16" }));
  const terms = ncl(z, tensor([0], { dtype: "int64" }), logCounts([1, 2], classNames(2)), options({}));
  expect(Object.values(terms).map((term) => term.dtype)).toEqual(Array(4).fill("float32"));
});

test("label smoothing mixes in the mean over classes", () => {
  using _ = scope();
  const [z, y] = [stackLogits([tensor([1, 2], { shape: [1, 2] })]), tensor([0], { dtype: "int64" })];
  const logSum = Math.log(Math.exp(1) + Math.exp(2));
  const expected = 0.9 * (logSum - 1) + 0.1 * (logSum - 1.5);
  expect(crossEntropy(z, y, { labelSmoothing: 0.1 }).item()).toBeCloseTo(expected, 5);
});

test("errors", () => {
  expect(() => logCounts([3, 0], ["cat", "dog"])).toThrowErrorMatchingInlineSnapshot(
    `[DataError: class "dog": expected at least one training image (balanced logits take the log of their number), found 0]`,
  );
  const issues = (changes: Partial<NclOptions>, classes: number | null = 10): RecipeIssue[] =>
    hardCategoryIssues(options(changes), classes);
  expect(issues({ hardCategories: 30 })).toEqual([
    { key: "method.hardCategories", expected: "at most 10, the number of classes" },
  ]);
  expect(issues({ hardCategories: 30 }, null)).toEqual([]);
  expect(issues({ hardCategorySource: "own", otherLogits: "removed" })).toMatchInlineSnapshot(`
    [
      {
        "expected": ""zeroed" with hardCategorySource "own"",
        "key": "method.otherLogits",
        "remedy": "experts that keep different classes have no divergence between them; choose hardCategorySource first or mean to remove the other classes",
      },
    ]
  `);
  expect(issues({ hardCategorySource: "mean", otherLogits: "removed" })).toEqual([]);
});

/** NIL + NBOD as the reference's code has them, in double precision: H classes by expert 0, others zeroed, ε = 1e-9. */
function referenceLoss({ logits, labels, counts, classes, hard }: Problem): number {
  const softmax = (row: number[]): number[] => {
    const largest = Math.max(...row);
    const sum = row.reduce((all, z) => all + Math.exp(z - largest), 0);
    return row.map((z) => Math.exp(z - largest) / sum);
  };
  const divergence = (teacher: number[], student: number[]): number =>
    teacher.reduce((all, t, c) => all + (t === 0 ? 0 : t * (Math.log(t) - Math.log(student[c]! + 1e-9))), 0);
  const rowsOf = (image: number): number[][] =>
    logits.map((ofExpert) => ofExpert.slice(image * classes, (image + 1) * classes).map(Math.fround));
  let loss = 0;
  labels.forEach((label, image) => {
    const rows = rowsOf(image);
    const scores = rows[0]!.map((z, c) => (c === label ? Infinity : z));
    const threshold = [...scores].sort((a, b) => b - a)[hard - 1]!;
    if (scores.filter((z) => z >= threshold).length !== hard) fc.pre(false); // a tie: either class may be hard
    const balanced = rows.map((row) => row.map((z, c) => z + Math.log(counts[c]!)));
    const partial = balanced.map((row) => row.map((z, c) => (scores[c]! >= threshold ? z : 0)));
    for (const level of [balanced, partial]) {
      const p = level.map(softmax);
      level.forEach((row) => {
        const largest = Math.max(...row);
        loss += largest - row[label]! + Math.log(row.reduce((all, z) => all + Math.exp(z - largest), 0));
      });
      p.forEach((teacher, j) =>
        p.forEach((student, i) => (loss += i === j ? 0 : 0.3 * divergence(teacher, student))),
      );
    }
  });
  return loss / labels.length;
}
