import { expect, test } from "vitest";
import { UsageError } from "../support/errors.js";
import { loadRecipe } from "./load.js";

/** What a training transform resolves to, or why it does not. */
async function resolved(transform: Record<string, unknown>): Promise<unknown> {
  const override = { path: ["data", "train"], value: [transform] as never, text: "mine" };
  try {
    return (await loadRecipe("cifar100-lt-ce", [override])).data.train[0];
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as UsageError).message;
  }
}

test("a jitter is a strength or a range, and nothing of what is not given", async () => {
  const none = { kind: "color-jitter", brightness: 0, contrast: 0, saturation: 0, hue: 0, p: 1 };
  expect(await resolved({ kind: "color-jitter" })).toEqual(none);
  const jitter = { kind: "color-jitter", contrast: [0.5, 2], hue: [-0.5, 0] };
  expect(await resolved(jitter)).toEqual({ ...none, ...jitter });
});

test.each([
  [
    { kind: "random-resized-crop", size: 8, scale: [1, 0.5] },
    "data.train.0.scale: expected two numbers, the smaller first, found [1,0.5] (mine)",
  ],
  [
    { kind: "random-resized-crop", size: 8, scale: [0, 1] },
    "data.train.0.scale: expected a list of 2 numbers > 0 and <= 1, found [0,1] (mine)",
  ],
  [
    { kind: "color-jitter", brightness: [2, 1] },
    "data.train.0.brightness: expected two numbers, the smaller first, found [2,1] (mine)",
  ],
  [
    { kind: "color-jitter", hue: 0.7 },
    "data.train.0.hue: expected a number >= 0 and <= 0.5 or a list of 2 numbers >= -0.5 and <= 0.5, found 0.7 (mine)",
  ],
  [
    { kind: "gaussian-blur", sigma: 2 },
    "data.train.0.sigma: expected a list of 2 numbers >= 0, found 2 (mine)",
  ],
])("%j is refused", async (transform, message) => {
  expect(await resolved(transform)).toBe(message);
});
