/** What is done to a trained network's logits afterwards, on the runs of a tiny training. */
import { join } from "node:path";
import { rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DataError, UsageError } from "../support/errors.js";
import { noGrad } from "../torch/autograd.js";
import { ones } from "../torch/create.js";
import { stack } from "../torch/operators.generated.js";
import { memory, scope } from "../torch/scope.js";
import { readAnalysis } from "../runs/read-run.js";
import { temporaryFolder, toyRecipe, writeToyData } from "../training/toy.fixture.js";
import { trainToy } from "../training/train-toy.fixture.js";
import { loadTrained, type Trained } from "../training/trained.js";
import { calibrate } from "./calibrate.js";
import { findCalibration, saveCalibration } from "../runs/calibration-file.js";
import { tauNormalization } from "./tau.js";

let temporary: ReturnType<typeof temporaryFolder>;
let root: string;
let run: string;
beforeAll(async () => {
  temporary = temporaryFolder();
  root = join(temporary.path, "data");
  run = join(temporary.path, "run");
  writeToyData(root);
  const selection = { kind: "held-out", fraction: 0.25, seed: 0, patience: null } as const;
  await trainToy(toyRecipe(root, { selection, ema: { decay: 0.5, warmup: false } }), run);
});
afterAll(() => {
  temporary[Symbol.dispose]();
});

/** The same network under a recipe that says something else. */
function as(trained: Trained, changes: Partial<Trained["description"]["recipe"]>): Trained {
  const { description } = trained;
  return { ...trained, description: { ...description, recipe: { ...description.recipe, ...changes } } };
}

describe("calibrate", () => {
  test("finds the temperatures that the run's own analysis has, and frees every tensor", async () => {
    const { live } = memory();
    {
      using trained = loadTrained(run);
      for (const { temperature } of readAnalysis(run)!.temperature!.fits) {
        const fitted = await calibrate(trained, { kind: temperature.kind });
        expect(fitted).toEqual({ temperature, images: 11 });
      }
    }
    expect(memory().live).toBe(live);
  });

  test("needs images that were held out, and the data of the training", async () => {
    using trained = loadTrained(run);
    const last = as(trained, { selection: { kind: "last" } });
    await expect(calibrate(last, { kind: "global" })).rejects.toThrow(UsageError);
    await expect(calibrate(last, { kind: "global" })).rejects.toThrow(
      "its run held no images out (selection.kind is last), and on images that it was trained on a network is surer than " +
        "elsewhere. Train with --select held-out (recipe key selection.kind=held-out) to have some.",
    );
    await expect(calibrate({ ...trained, state: null }, { kind: "global" })).rejects.toThrow(
      "does not say which images its training held out",
    );
    const other = join(temporary.path, "other");
    writeToyData(other, { ant: 24, bee: 13, cat: 6 });
    const elsewhere = calibrate(trained, { kind: "global", root: other });
    await expect(elsewhere).rejects.toThrow(DataError);
    await expect(elsewhere).rejects.toThrow('expected 12 training images of class "bee", found 13');
  });

  test("calibration.json is for the weights that it was fitted to", () => {
    using trained = loadTrained(run);
    expect(findCalibration(run, trained)).toBeNull();
    const fitted = { temperature: { kind: "global", temperature: 1.5 }, images: 11 } as const;
    const path = saveCalibration(run, trained, fitted);
    expect(path).toBe(join(run, "calibration.json"));
    expect(findCalibration(run, trained)).toMatchObject({ path, fits: true, calibration: fitted });
    using raw = loadTrained(run, { weights: "raw" });
    expect(findCalibration(run, raw)).toMatchObject({ fits: false });
    const later = { state: { ...trained.state!, epoch: 99 } };
    expect(findCalibration(run, later)).toMatchObject({ fits: false });
    const alone = saveCalibration(join(run, "checkpoints/best.safetensors"), trained, fitted);
    expect(alone).toBeNull();
    writeFileSync(path!, "{}");
    expect(() => findCalibration(run, trained)).toThrow(
      "calibration.json: expected what evaluate --calibrate wrote",
    );
    for (const temperature of [
      '{"kind":"glocal","temperature":1}',
      '{"kind":"group","temperatures":{"few":-1}}',
    ]) {
      writeFileSync(path!, `{"version":1,"temperature":${temperature}}`);
      expect(() => findCalibration(run, trained)).toThrow("temperatures above 0, found version 1 without;");
    }
    rmSync(path!);
  });
});

describe("tau-normalization", () => {
  test("divides each row and its bias by its length to the power of tau", () => {
    using trained = loadTrained(run);
    const { live } = memory();
    const normalization = tauNormalization(trained);
    {
      using _scope = scope();
      using _noGrad = noGrad();
      const images = ones([2, 3, 16, 16]);
      const before = trained.method.predict(images);
      const [same, equal] = [normalization(0)(before), normalization(1)(before)];
      expect(stack(same).equal(stack(before))).toBe(true);
      for (const [name, parameter] of trained.method.model.namedParameters()) {
        if (!/^classifier[.]\d[.]weight$/.test(name)) continue;
        const lengths = parameter.linalgVectorNorm({ dim: [1], keepdim: true });
        const bias = trained.method.model
          .namedParameters()
          .find(([other]) => other === name.replace("weight", "bias"))![1];
        parameter.copy_(parameter.div(lengths));
        bias.copy_(bias.div(lengths.squeeze(1)));
      }
      const expected = stack(trained.method.predict(images));
      expect(stack(equal).allclose(expected, { rtol: 1e-4, atol: 1e-5 })).toBe(true);
    }
    expect(memory().live).toBe(live);
  });

  test.each(["cosine", "fc-norm"] as const)("%s is refused by name", async (kind) => {
    const out = join(temporary.path, kind);
    const classifier =
      kind === "cosine"
        ? { kind, scale: 16, bias: true, start: "random" as const, prompt: "{}", names: null }
        : { kind };
    await trainToy(toyRecipe(root, { classifier, epochs: 1 }), out);
    using trained = loadTrained(out);
    expect(() => tauNormalization(trained)).toThrow(
      `expected a linear classifier (classifier.kind=fc), found ${kind}`,
    );
  });
});
