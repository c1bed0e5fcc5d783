import fc from "fast-check";
import { expect, test } from "vitest";
import { normalize } from "../../nn/functional.js";
import { tensor } from "../../torch/create.js";
import { scope } from "../../torch/scope.js";
import { autocast } from "../../torch/settings.js";
import { contrastiveLoss } from "./contrastive-method.js";
import { extreme } from "../ensemble/problems.fixture.js";

// Unit vectors in the plane: queries [2, 2], keys [2, 2], three of the queue [2, 3].
const queries = [1, 0, 0, 1];
const keys = [0.6, 0.8, 0, 1];
const queue = [1, 0, -0.6, 0, -1, 0.8];

test("equals the softmax of cosines, written out", () => {
  using _ = scope();
  const cosines = [
    [0.6, 1, 0, -0.6],
    [1, 0, -1, 0.8],
  ];
  const expected = cosines.map((row) => {
    const [own = 0] = row;
    const sum = row.reduce((all, cosine) => all + Math.exp(cosine / 0.2), 0);
    return -Math.log(Math.exp(own / 0.2) / sum);
  });
  const [q, k] = [queries, keys].map((values) => tensor(values, { shape: [2, 2] }));
  const found = contrastiveLoss(q!, k!, tensor(queue, { shape: [2, 3] }), { temperature: 0.2 });
  expect(found.item()).toBeCloseTo((expected[0]! + expected[1]!) / 2, 5);
});

test("loss and gradient are finite for any finite features, in float32 and under autocast", () => {
  const features = fc.array(extreme, { minLength: 6, maxLength: 6 });
  fc.assert(
    fc.property(features, features, fc.boolean(), (query, key, half) => {
      using _ = scope();
      using _autocast = half ? autocast("bfloat16") : null;
      const [q, k] = [query, key].map((values) => tensor(values, { shape: [2, 3] }));
      const given = q!.setRequiresGrad().to({ dtype: half ? "bfloat16" : "float32" });
      const negatives = tensor([1, 0, 0, 1, 0, 0], { shape: [3, 2] });
      const loss = contrastiveLoss(normalize(given, 1), normalize(k!, 1), negatives, { temperature: 0.2 });
      loss.backward();
      expect(loss.dtype).toBe("float32");
      expect(Number.isFinite(loss.item())).toBe(true);
      expect(q!.grad!.isfinite().all().item()).toBe(1);
    }),
  );
});

test("is float32 under autocast, and finite for a tiny temperature", () => {
  using _ = scope();
  using _autocast = autocast("bfloat16");
  const [q, k] = [queries, keys].map((values) => tensor(values, { shape: [2, 2], dtype: "bfloat16" }));
  q!.setRequiresGrad();
  const found = contrastiveLoss(q!, k!, tensor(queue, { shape: [2, 3] }), { temperature: 1e-6 });
  expect(found.dtype).toBe("float32");
  expect(Number.isFinite(found.item())).toBe(true);
  found.backward();
  expect(q!.grad!.isfinite().all().item()).toBe(1);
});
