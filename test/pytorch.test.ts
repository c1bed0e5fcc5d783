/** PyTorch reads what longtail writes, and computes the same from it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildMethod } from "../src/methods/index.js";
import { Sgd } from "../src/optim/sgd.js";
import { Rng, getTorchState } from "../src/torch/random.js";
import { writeSafetensors } from "../src/torch/safetensors.js";
import { scope } from "../src/torch/scope.js";
import { tensor } from "../src/torch/create.js";
import { saveCheckpoint } from "../src/training/checkpoint.js";
import { exportWeights } from "../src/inference/export.js";
import { trainStep } from "../src/training/step.js";
import { Trainee } from "../src/training/trainee.js";
import { toyRecipe } from "../src/training/toy.fixture.js";
import { pytorch } from "./support/pytorch.js";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-pytorch-"));
});
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string): string => join(folder, name);

if ("missing" in pytorch) console.warn(`skipped: ${pytorch.missing}`);

test.skipIf("missing" in pytorch)("PyTorch gives the same logits from .pth and from safetensors", () => {
  using _ = scope();
  const recipe = toyRecipe("data", { backbone: "resnet14" });
  const method = buildMethod(recipe, { classes: ["ant", "bee", "cat"], counts: [3, 2, 1] });
  const images = new Rng(5).normal([4, 3, 16, 16]);
  const optimizer = new Sgd(method.model.parameters(), recipe.optimizer);
  const labels = tensor(BigInt64Array.of(0n, 1n, 2n, 0n));
  trainStep({ images, labels }, { method, optimizer, precision: "float32", accumulate: 1 }); // running statistics, too
  const checkpoint = at("last.safetensors");
  const description = {
    recipe,
    classes: ["ant", "bee", "cat"],
    counts: [3, 2, 1],
    trained: null,
    epoch: 1,
    step: 0,
    sums: null,
    best: null,
    bestOnTest: null,
  };
  saveCheckpoint(checkpoint, {
    ...description,
    state: new Trainee({ method, optimizer }).stateDict(),
    randomStates: [getTorchState()],
  });
  const files = (["pth", "safetensors"] as const).map((format) => {
    const out = at(`weights.${format}`);
    exportWeights(checkpoint, { format, out, prefix: "" });
    return out;
  });
  writeSafetensors(at("inputs.safetensors"), new Map([["images", images]]));
  method.model.eval();
  const own = method.predict(images).map((logits) => logits.toList());

  const script = join(import.meta.dirname, "support/read_exports.py");
  const { python } = pytorch as { python: string };
  const output = execFileSync(python, [script, at("inputs.safetensors"), ...files], { encoding: "utf8" });
  const read = output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { names: string[]; logits: number[][][] });
  expect(read).toHaveLength(2);
  for (const { names, logits } of read) {
    expect(names).toEqual([...method.model.stateDict().keys()]);
    expect(logits).toHaveLength(2);
    logits.forEach((found, k) => {
      found.flat().forEach((value, i) => expect(Math.abs(value - own[k]![i]!)).toBeLessThan(1e-5));
    });
  }
  optimizer[Symbol.dispose]();
  method[Symbol.dispose]();
});
