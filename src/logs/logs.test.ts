/** What a run leaves for people to look at, and that going on after an interruption tells nothing twice. */
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { describe, expect, test } from "vitest";
import type { TrainingEvent } from "../runs/events.js";
import { toyFolder } from "../training/toy-folder.fixture.js";
import { toyRecipe } from "../training/toy.fixture.js";
import { trainToy } from "../training/train-toy.fixture.js";
import { readEvents, readScalars } from "./tensorboard/event-file.fixture.js";
import { eventFiles, newEventFile } from "./tensorboard/tensorboard-log.js";

const STEPS = 6; // an epoch's
const at = toyFolder("test");

const heldOut = { kind: "held-out", fraction: 0.25, seed: 0, patience: null } as const;

function rows(run: string): Record<string, string>[] {
  return parse(readFileSync(join(at(run), "epochs.csv")), { columns: true });
}

/** Ends like a process that is killed at a step. */
function crashAt(epoch: number, step: number) {
  return (event: TrainingEvent): void => {
    if (event.type === "step" && event.epoch === epoch && event.step === step) throw new Error("killed");
  };
}

async function crashAndResume(name: string, recipe = toyRecipe(at("data"), { epochs: 3 })): Promise<void> {
  const crashed = trainToy(recipe, at(name), { listeners: [crashAt(3, 4)] });
  await expect(crashed).rejects.toThrow("killed");
  await trainToy(recipe, at(name), { resume: true });
}

describe("TensorBoard's event file", () => {
  test("has the numbers of steps, epochs and evaluations, at the training's steps", async () => {
    const { events } = await trainToy(toyRecipe(at("data")), at("run"));
    const scalars = readScalars(at("run"));
    const steps = events.filter((event) => event.type === "step");
    expect(scalars.get("train/loss")).toEqual(steps.map(({ loss }, i) => [i + 1, Math.fround(loss)]));
    for (const tag of ["train/accuracy", "train/learning-rate", "train/gradient-norm"])
      expect(scalars.get(tag)).toHaveLength(2 * STEPS);
    const parts = Object.keys(steps[0]!.terms).map((name) => `epoch/loss-${name}`);
    for (const tag of [
      "epoch/loss",
      "epoch/images-per-second",
      ...parts,
      "test/ensemble/all",
      "test/expert-2/few",
    ])
      expect(scalars.get(tag)?.map(([step]) => step)).toEqual([STEPS, 2 * STEPS]);
    const evaluation = events.findLast((event) => event.type === "evaluation")!;
    expect(scalars.get("test/expert-1/medium")?.[1]?.[1]).toBeCloseTo(evaluation.experts[0]!.medium!, 4);
    expect(scalars.has("test/ensemble/many")).toBe(false); // no class has so many images
  });

  test("has the first batch's picture and how weights and gradients are spread", async () => {
    const { events } = await trainToy(toyRecipe(at("data")), at("run"));
    const [version, ...rest] = readEvents(at("run"));
    expect(version).toMatchObject({ version: "brain.Event:2", step: 0 });
    expect(Math.abs(version!.wallTime - Date.now() / 1000)).toBeLessThan(600);
    const values = rest.flatMap((event) => event.values.map((value) => ({ ...value, step: event.step })));
    const [{ image }] = values.filter(({ tag }) => tag === "first batch") as [(typeof values)[0]];
    expect(Buffer.from(image!.png).equals(readFileSync(join(at("run"), "first-batch.png")))).toBe(true);
    expect(image).toMatchObject({ width: 198, height: 198 }); // 2 x 2 images of 96 pixels and their gaps
    const reported = events.filter((event) => event.type === "histograms").map(({ weights }) => weights);
    const read = values.filter(({ tag }) => tag === "weights/classifier.1.weight");
    expect(read.map(({ step }) => step)).toEqual([STEPS, 2 * STEPS]);
    for (const [i, { histogram }] of read.entries()) {
      const { counts, min, max } = reported[i]!["classifier.1.weight"]!;
      expect(histogram).toMatchObject({ min, max, counts, number: 64 * 3 });
      expect(histogram!.limits.at(-1)).toBeCloseTo(max, 12);
    }
    expect(values.some(({ tag }) => tag === "gradients/backbone.0.conv1.weight")).toBe(true);
  });

  test("goes on after crashes without a step told twice", async () => {
    await trainToy(toyRecipe(at("data"), { epochs: 3 }), at("whole"));
    await crashAndResume("run");
    const [whole, run] = [readScalars(at("whole")), readScalars(at("run"))];
    expect([...run.keys()]).toEqual([...whole.keys()]);
    for (const [tag, expected] of whole)
      if (!tag.includes("second")) expect([tag, run.get(tag)]).toEqual([tag, expected]);
      else expect(run.get(tag)?.map(([step]) => step)).toEqual(expected.map(([step]) => step));
    const sizes = (): number[] => eventFiles(at("run")).map((path) => statSync(path).size);
    expect(sizes()).toEqual([0, expect.any(Number)]); // a TensorBoard may still be reading the first
    await trainToy(toyRecipe(at("data"), { epochs: 3 }), at("run"), { resume: true });
    expect(sizes()).toEqual([0, expect.any(Number)]);
    expect(readEvents(at("run"))[1]).toMatchObject({ session: 1, step: 0 });
    expect(readEvents(at("run")).filter(({ values }) => values[0]?.image)).toHaveLength(1);
  });

  test("goes on though its picture was removed, and after a record that was cut short", async () => {
    const recipe = toyRecipe(at("data"), { epochs: 1 });
    await trainToy(recipe, at("run"));
    rmSync(join(at("run"), "first-batch.png"));
    const [name] = readdirSync(at("run")).filter((one) => one.includes("tfevents"));
    writeFileSync(join(at("run"), name!), "cut short");
    await trainToy(recipe, at("run"), { resume: true });
    expect(readScalars(at("run")).get("train/loss")).toHaveLength(STEPS);
  });

  test("tells the selected epoch's network on the test images under names of its own", async () => {
    const recipe = toyRecipe(at("data"), { epochs: 3, selection: heldOut });
    const { events } = await trainToy(recipe, at("run"));
    const tests = events.flatMap((event) =>
      event.type === "evaluation" && event.split === "test" ? [event.epoch] : [],
    );
    const scalars = readScalars(at("run"));
    expect(scalars.get("held-out/ensemble/all")).toHaveLength(3);
    expect(scalars.get("test/ensemble/all")).toHaveLength(1);
    expect(scalars.get("selected/test/ensemble/all") ?? []).toHaveLength(tests.length - 1);
  });

  test("has every k-th step; none where it is not wanted", async () => {
    const recipe = toyRecipe(at("data"), { epochs: 1 });
    const logs = { ...recipe.logs, everySteps: 4, images: 0, histogramsEvery: null };
    await trainToy({ ...recipe, logs }, at("run"));
    expect(
      readScalars(at("run"))
        .get("train/loss")
        ?.map(([step]) => step),
    ).toEqual([4]);
    expect(
      readEvents(at("run"))
        .flatMap(({ values }) => values)
        .filter(({ scalar }) => scalar === undefined),
    ).toEqual([]);
    await trainToy({ ...recipe, logs: { ...logs, tensorboard: false, csv: false } }, at("none"));
    const left = readdirSync(at("none")).filter((name) => /tfevents|epochs|first-batch/.test(name));
    expect(left).toEqual([]);
  });

  test("is read after those before it, though the clock went back", () => {
    const first = newEventFile(at("."), 5_000_000);
    writeFileSync(first, "");
    const second = newEventFile(at("."), 3_000_000);
    expect(first).toContain("events.out.tfevents.0000005000.");
    expect(second).toContain("events.out.tfevents.0000005001.");
  });
});

describe("epochs.csv", () => {
  test("a row an epoch; after a crash no row twice", async () => {
    const recipe = toyRecipe(at("data"), { epochs: 3, selection: heldOut });
    await trainToy(recipe, at("whole"));
    await crashAndResume("run", recipe);
    const without = (run: string) =>
      rows(run).map((row) =>
        Object.fromEntries(Object.entries(row).filter(([name]) => !name.includes("second"))),
      );
    expect(without("run")).toEqual(without("whole"));
    const found = rows("run");
    expect(found.map(({ epoch }) => epoch)).toEqual(["1", "2", "3"]);
    expect(Object.keys(found[0]!)).toEqual(
      expect.arrayContaining([
        "loss",
        "accuracy",
        "learning-rate",
        "seconds",
        "images-per-second",
        "held-out/ensemble/few",
        "test/expert-2/all",
      ]),
    );
    expect(found[2]!["test/ensemble/all"]).not.toBe("");
  });

  test("an epoch that is not evaluated has empty cells", async () => {
    const { evaluation } = toyRecipe(at("data"));
    await trainToy(toyRecipe(at("data"), { evaluation: { ...evaluation, every: 2 } }), at("run"));
    expect(rows("run").map((row) => row["test/loss"] === "")).toEqual([true, false]);
  });
});

describe("train.log", () => {
  test("has the console's lines with their times, of every start", async () => {
    await crashAndResume("run");
    const lines = readFileSync(join(at("run"), "train.log"), "utf8")
      .trimEnd()
      .split("\n");
    for (const line of lines)
      expect(line).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ {2}\S|^\d{4}.*Z {4}test: /);
    const text = lines.map((line) => line.slice(22)).join("\n");
    expect(text).toMatch(/^toy, seed 0: 42 training and 12 test images/);
    expect(text).toMatch(/failed after .*\nkilled\ntoy, seed 0: .*\ngoes on after epoch 2, step 0\n/);
    expect(text).toMatch(/epoch 3\/3 {2}loss .*\n {2}test: all .*\n[^]*finished in /);
    expect(existsSync(join(at("run"), "epochs.csv"))).toBe(true);
  });
});
