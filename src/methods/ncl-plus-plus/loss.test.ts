import fc from "fast-check";
import { expect, test } from "vitest";
import { tensor } from "../../torch/create.js";
import { scope } from "../../torch/scope.js";
import { autocast } from "../../torch/settings.js";
import { logCounts } from "../ensemble/cross-entropy.js";
import { nclPlusPlus, type NclPlusPlusOptions } from "./loss.js";
import { ncl } from "../ncl/loss.js";
import {
  classNames,
  extreme,
  nestedOptions,
  problems,
  tensors,
  total,
  usual,
} from "../ensemble/problems.fixture.js";

function options(changes: Partial<NclPlusPlusOptions> = {}): NclPlusPlusOptions {
  return { augmentations: 2, hardCategories: 1, ...nestedOptions, ...changes };
}

test("one copy: NIL is NCL's, nothing to distil between copies; one expert: nothing between experts", () => {
  fc.assert(
    fc.property(problems(usual, { experts: 2 }), (problem) => {
      using _ = scope();
      const { z, y, logN } = tensors(problem);
      const parts = nclPlusPlus(z, y, logN, options({ augmentations: 1, hardCategories: problem.hard }));
      const plain = ncl(z, y, logN, {
        ...options({ hardCategories: problem.hard }),
        distillation: 1,
        hardDistillation: 0,
      });
      expect(parts.crossEntropy.item()).toBeCloseTo(plain.crossEntropy.item(), 4);
      expect(parts.hard.item()).toBeCloseTo(plain.hard.item(), 4);
      expect(parts.intra.item()).toBe(0);
      expect(nclPlusPlus(z.slice(1), y, logN, options({ augmentations: 1 })).inter.item()).toBe(0);
    }),
  );
});

test("with H = C every class counts twice: `inter` of two experts is twice NCL's distillation", () => {
  fc.assert(
    fc.property(problems(usual, { experts: 2 }), (problem) => {
      using _ = scope();
      const { z, y, logN } = tensors(problem);
      const same = { hardCategories: problem.classes, distillation: 0.6 };
      const { inter } = nclPlusPlus(z, y, logN, options({ ...same, augmentations: 1 }));
      const { distillation } = ncl(z, y, logN, { ...options(same), hardDistillation: 0 });
      expect(inter.item()).toBeCloseTo(2 * distillation.item(), 3);
    }),
  );
});

test("equal copies have nothing to distil; they count as one in NIL", () => {
  fc.assert(
    fc.property(problems(usual, { experts: 2 }), (problem) => {
      using _ = scope();
      const { z, y, logN } = tensors(problem);
      const twice = z.map((logits) => logits.repeat([2, 1]));
      const two = nclPlusPlus(twice, y, logN, options());
      const one = nclPlusPlus(z, y, logN, options({ augmentations: 1 }));
      expect(two.intra.item()).toBeCloseTo(0, 3);
      for (const part of ["crossEntropy", "hard", "inter"] as const)
        expect(two[part].item()).toBeCloseTo(one[part].item(), 3);
    }),
  );
});

test("`intra` equals its sum over ordered pairs of copies, written out", () => {
  using _ = scope();
  const rows = [
    [1, 2, 0.5],
    [-1, 0, 3],
    [0.2, 0.1, 0],
  ]; // three copies of one image
  const p = rows.map((row) => {
    const sum = row.reduce((all, z) => all + Math.exp(z), 0);
    return row.map((z) => Math.exp(z) / sum);
  });
  const mask = [1, 1, 0]; // of the first copy: its target 0, and its largest logit
  let expected = 0;
  for (const [j, teacher] of p.entries())
    for (const [i, student] of p.entries())
      if (i !== j) teacher.forEach((t, c) => (expected += (1 + mask[c]!) * t * Math.log(t / student[c]!)));
  const logN = logCounts([1, 1, 1], classNames(3));
  const y = tensor([0], { dtype: "int64" });
  const logits = tensor(rows.flat(), { shape: [3, 3] });
  for (const logEpsilon of [0, 1e-9]) {
    const { intra } = nclPlusPlus(
      [logits],
      y,
      logN,
      options({ augmentations: 3, hardCategories: 2, logEpsilon }),
    );
    expect(intra.item()).toBeCloseTo((0.6 / 3) * expected, 5);
  }
});

const variants = (["first", "own", "mean"] as const).flatMap((hardCategorySource) =>
  (["zeroed", "removed"] as const).flatMap((otherLogits) =>
    [0, 1e-9].map((logEpsilon) => ({ hardCategorySource, otherLogits, logEpsilon })),
  ),
);

test.each(variants)("loss and gradient are finite for any finite logits: %j", (variant) => {
  fc.assert(
    fc.property(problems(extreme, { experts: 2, copies: 3 }), fc.boolean(), (problem, half) => {
      using _ = scope();
      using _autocast = half ? autocast("bfloat16") : null;
      const { z, y, logN } = tensors(problem);
      const given = half ? z.map((logits) => logits.to({ dtype: "bfloat16" })) : z;
      const choice = options({ ...variant, augmentations: 3, hardCategories: problem.hard });
      const loss = total(nclPlusPlus(given, y, logN, choice));
      loss.backward();
      expect(loss.dtype).toBe("float32");
      expect(Number.isFinite(loss.item())).toBe(true);
      for (const { grad } of z) expect(grad!.isfinite().all().item()).toBe(1);
    }),
  );
});

test("logits of another number of copies are refused", () => {
  using _ = scope();
  const logits = tensor([1, 2, 3, 4, 5, 6], { shape: [3, 2] });
  const y = tensor([0], { dtype: "int64" });
  expect(() =>
    nclPlusPlus([logits], y, logCounts([1, 1], classNames(2)), options()),
  ).toThrowErrorMatchingInlineSnapshot(
    `[ShapeError: nclPlusPlus: expected logits of 2 augmentations of 1 images, [2, C], received [3]]`,
  );
});
