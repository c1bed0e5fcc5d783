/** Moving averages of the weights through a whole run: kept, saved, judged, loaded. */
import { expect, test } from "vitest";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { memory, scope } from "../torch/scope.js";
import { readCheckpoint } from "./checkpoint.js";
import { exportWeights } from "../inference/export.js";
import { toyFolder } from "./toy-folder.fixture.js";
import { toyRecipe } from "./toy.fixture.js";
import { trainToy } from "./train-toy.fixture.js";
import { evaluateTrained } from "../inference/evaluate.js";
import { loadTrained } from "./trained.js";
import { readSafetensors } from "../torch/safetensors.js";

const at = toyFolder("file");

function recipe(weights: "ema" | "raw", ema: ResolvedRecipe["ema"]): ResolvedRecipe {
  const plain = toyRecipe(at("data"), { ema });
  return { ...plain, evaluation: { ...plain.evaluation, weights } };
}

const average = { decay: 0.9, warmup: true };

test("averages are judged by default, and training does not depend on them", async () => {
  const [ema, raw, none] = [
    await trainToy(recipe("ema", average), at("ema")),
    await trainToy(recipe("raw", average), at("raw")),
    await trainToy(recipe("ema", null), at("none")),
  ].map(({ result }) => result);
  expect(raw!.evaluation!.loss).toBe(none!.evaluation!.loss);
  expect(ema!.evaluation!.loss).not.toBe(raw!.evaluation!.loss);

  using _ = scope();
  const checkpoints = ["ema", "none"].map((run) => readCheckpoint(at(`${run}/checkpoints/last.safetensors`)));
  const [withAverages, without] = checkpoints;
  expect([...withAverages!.ema!.keys()]).toEqual([...withAverages!.model.keys(), "updates"]);
  expect(withAverages!.ema!.get("updates")!.item()).toBe(12); // two epochs of six steps
  expect(without!.ema).toBeNull();
  for (const [name, weight] of without!.model)
    expect(withAverages!.model.get(name)!.equal(weight), name).toBe(true);
});

test("what the run judged is what its checkpoint gives, by either kind of weights", async () => {
  const lossBy = async (weights?: "ema" | "raw"): Promise<number | undefined> => {
    using trained = loadTrained(at("ema"), { weights });
    return (await evaluateTrained(trained)).loss;
  };
  const [ema, raw] = [await lossBy("ema"), await lossBy("raw")];
  expect(await lossBy()).toBe(ema);
  expect(raw).not.toBe(ema);
  expect(() => loadTrained(at("none"), { weights: "ema" })).toThrow(
    "checkpoints/last.safetensors holds no moving averages: its recipe's key ema is null.",
  );
});

test("export writes the averages, or the weights themselves", () => {
  using _ = scope();
  const checkpoint = at("ema/checkpoints/last.safetensors");
  const { model, ema } = readCheckpoint(checkpoint);
  for (const [weights, expected] of [
    [undefined, ema],
    ["raw", model],
  ] as const) {
    const out = at("weights.safetensors");
    exportWeights(checkpoint, { format: "safetensors", out, prefix: "", weights });
    const { tensors } = readSafetensors(out);
    expect([...tensors.keys()]).toEqual([...model.keys()]);
    for (const [name, value] of tensors) expect(value.equal(expected!.get(name)!), name).toBe(true);
  }
});

test("a run with averages frees every tensor", async () => {
  const before = memory();
  await trainToy(recipe("ema", average), at("again"));
  expect(memory()).toEqual(before);
});
