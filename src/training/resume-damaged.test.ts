/** Going on where files were damaged: the checkpoint before is used, and the run ends as if nothing had happened. */
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { CheckpointError } from "../support/errors.js";
import type { TrainingEvent } from "../runs/events.js";
import { readResult } from "../runs/read-run.js";
import { readCheckpointOf } from "./checkpoint.js";
import { toyFolder } from "./toy-folder.fixture.js";
import { toyRecipe } from "./toy.fixture.js";
import { trainToy } from "./train-toy.fixture.js";

const at = toyFolder("test");
const checkpoint = (run: string, name: string): string => join(at(run), `checkpoints/${name}.safetensors`);
const bytesOf = (run: string, name: string): Buffer => readFileSync(checkpoint(run, name));

/** Trains until the n-th step, where the machine stops. */
async function trainUntilCrash(recipe: ResolvedRecipe, run: string, steps: number): Promise<void> {
  let seen = 0;
  const crash = (event: TrainingEvent): void => {
    if (event.type === "step" && ++seen === steps) throw new Error("the machine stopped");
  };
  await expect(trainToy(recipe, at(run), { resume: true, listeners: [crash] })).rejects.toThrow("stopped");
}

function warningsOf(events: readonly TrainingEvent[]): string[] {
  return events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
}

function flip(path: string, place: number): void {
  const bytes = readFileSync(path);
  bytes[place % bytes.length]! ^= 1;
  writeFileSync(path, bytes);
}

test("a damaged checkpoint is told and set aside, and the one before it is used, also after another crash", async () => {
  const recipe = toyRecipe(at("data"), { epochs: 3 });
  await trainToy(recipe, at("whole"));
  await trainUntilCrash(recipe, "before", 15); // the third epoch's third step
  writeFileSync(join(at("before"), "checkpoints/.last.safetensors.1.tmp"), "cut off");
  const damages: ((path: string, place: number) => void)[] = [
    flip,
    (path, place) => truncateSync(path, place % readFileSync(path).length),
    (path, place) => {
      const bytes = readFileSync(path);
      writeFileSync(path, bytes.fill(0, place % bytes.length));
    },
  ];
  const property = fc.asyncProperty(fc.constantFrom(...damages), fc.nat(), async (damage, place) => {
    rmSync(at("run"), { recursive: true, force: true });
    cpSync(at("before"), at("run"), { recursive: true });
    damage(checkpoint("run", "last"), place);
    await trainUntilCrash(recipe, "run", 2);
    const { events } = await trainToy(recipe, at("run"), { resume: true });
    expect(events[0]).toMatchObject({ type: "run", from: { epoch: 1, step: 0 } });
    expect(bytesOf("run", "last").equals(bytesOf("whole", "last"))).toBe(true);
    expect(readdirSync(join(at("run"), "checkpoints")).sort()).toEqual([
      ...["damaged.safetensors", "last.safetensors", "previous.safetensors"],
    ]);
  });
  await fc.assert(property, { numRuns: 6 });
  expect(readFileSync(join(at("run"), "train.log"), "utf8")).toMatch(
    /warning: .*last\.safetensors: .*; the checkpoint before it is used, and this one kept as damaged\.safetensors\./,
  );
});

test("what reads a run's network names a damaged checkpoint and the one before it", async () => {
  await trainToy(toyRecipe(at("data"), { epochs: 2 }), at("run"));
  truncateSync(checkpoint("run", "last"), 1000);
  expect(() => readCheckpointOf(at("run"))).toThrow(
    /last\.safetensors: .*; .*previous\.safetensors is the one before: give it in place of the run, or `longtail train .*run --resume`/,
  );
  rmSync(checkpoint("run", "previous"));
  expect(() => readCheckpointOf(at("run"))).toThrow(/^(?!.*the one before).*last\.safetensors: /);
});

test("when no checkpoint is whole, it says so of each", async () => {
  const recipe = toyRecipe(at("data"), { epochs: 2 });
  await trainToy(recipe, at("run"));
  for (const name of ["last", "previous"]) truncateSync(checkpoint("run", name), 1000);
  const resumed = trainToy(recipe, at("run"), { resume: true });
  await expect(resumed).rejects.toThrow(CheckpointError);
  await expect(resumed).rejects.toThrow(
    /no checkpoint is whole:\n.*last\.safetensors.*\n.*previous\.safetensors/,
  );
});

test("where the best epoch's network is damaged, the choice begins anew and says so", async () => {
  const recipe = toyRecipe(at("data"), {
    epochs: 4,
    selection: { kind: "held-out", fraction: 0.25, seed: 0, patience: null },
  });
  await trainToy(recipe, at("run"));
  flip(checkpoint("run", "best"), bytesOf("run", "best").length - 9);
  const { events } = await trainToy(recipe, at("run"), { resume: true });
  expect(warningsOf(events)).toEqual([
    expect.stringMatching(
      /best\.safetensors: damaged: .*; epoch \d, the best so far, cannot be selected any more: the best of the epochs from here on will be\./,
    ),
  ]);
  expect(readResult(at("run")).epoch).toBe(4);
  expect(existsSync(checkpoint("run", "damaged"))).toBe(false);
});

test("the best network of an epoch that is trained again is never taken for an earlier one", async () => {
  const recipe = toyRecipe(at("data"), {
    ...{ epochs: 4, checkpoints: { epochs: 2, steps: null, minutes: null } },
    selection: { kind: "held-out", fraction: 0.25, seed: 0, patience: null },
  });
  await trainToy(recipe, at("whole"));
  await trainUntilCrash(recipe, "run", 14); // in the fourth epoch, after the third was judged
  rmSync(checkpoint("run", "best"));
  cpSync(checkpoint("whole", "last"), checkpoint("run", "best")); // as if epoch 4 had been better than all before
  const { events } = await trainToy(recipe, at("run"), { resume: true });
  expect(warningsOf(events)).toEqual([]);
  expect(bytesOf("run", "best").equals(bytesOf("whole", "best"))).toBe(true);
  expect({ ...readResult(at("run")), seconds: 0 }).toEqual({ ...readResult(at("whole")), seconds: 0 });
});
