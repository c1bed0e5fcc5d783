import { expect, test } from "vitest";
import { nclOptions } from "./ensemble/problems.fixture.js";
import { assertMixFits } from "./mixing.js";

test("methods with hard categories refuse mixed images", () => {
  const mixed = { mix: { kind: "mixup", alpha: 1, p: 1 } } as const;
  const ncl = { kind: "ncl", experts: 2, hardCategories: 2, ...nclOptions, contrastive: null } as const;
  expect(() => assertMixFits({ data: mixed, method: ncl })).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: data.mix: expected null with method.kind ncl, whose hard categories need one target an image; found mixup]`,
  );
  assertMixFits({ data: { mix: null }, method: ncl });
  assertMixFits({ data: mixed, method: { kind: "cross-entropy", experts: 1, labelSmoothing: 0 } });
  assertMixFits({ data: mixed, method: { kind: "balanced-softmax", experts: 1 } });
});
