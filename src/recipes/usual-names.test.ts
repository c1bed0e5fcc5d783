import { expect, test } from "vitest";
import { recipeKeys } from "./keys.js";
import { keyUnderUsualName } from "./usual-names.js";

test.each([
  ["epochs", "epochs"],
  ["max_epochs", "epochs"],
  ["lr", "optimizer.lr"],
  ["learning-rate", "optimizer.lr"],
  ["optimizer.learning_rate", "optimizer.lr"],
  ["batch", "data.batch"],
  ["batchSize", "data.batch"],
  ["weight-decay", "optimizer.weightDecay"],
  ["milestones", "schedule.milestones"],
  ["arch", "backbone"],
  ["fp16", "precision"],
])("%s is %s", (name, key) => {
  expect(keyUnderUsualName(name)).toBe(key);
  expect(recipeKeys().map(({ path }) => path)).toContain(key);
});

test.each(["kind", "device", "x"])("%s is no key under another name", (name) => {
  expect(keyUnderUsualName(name)).toBeUndefined();
});
