import { expect, test } from "vitest";
import type { Batch } from "../data/loader/loader.js";
import { AccuracyMeter } from "../evaluation/accuracy.js";
import { buildMethod } from "../methods/index.js";
import { full, ones } from "../torch/create.js";
import { memory } from "../torch/scope.js";
import { runMeters, type RunMetersOptions } from "./evaluate.js";
import { toyRecipe } from "./toy.fixture.js";

const training = { classes: ["ant", "bee", "cat"], counts: [24, 12, 6] };
const recipe = toyRecipe("data");

function* batches(count: number): Generator<Batch> {
  for (let i = 0; i < count; i += 1)
    yield {
      images: ones([2, 3, 16, 16]),
      labels: full([2], 1, { dtype: "int64" }),
      indices: Int32Array.of(2 * i, 2 * i + 1),
      total: 2,
      mixed: null,
    };
}

const ready = (): Promise<void> => Promise.resolve();

function options(changes: Partial<RunMetersOptions> = {}): RunMetersOptions {
  return {
    method: buildMethod(recipe, training),
    loader: { epoch: () => batches(3), ready },
    meters: [],
    ...changes,
  };
}

test("sees every image, leaves the model as it was and keeps no tensor", async () => {
  const meter = new AccuracyMeter({ ...training, experts: 2, groups: "field" });
  const places: number[] = [];
  const given = options({ meters: [meter, { add: ({ indices }) => places.push(...indices) }] });
  const { model } = given.method;
  const before = model.namedBuffers().map(([, buffer]) => buffer.toArray());
  const { live } = memory();
  expect(await runMeters(given)).toBe(true);
  expect(meter.result().images).toBe(6);
  expect(places).toEqual([0, 1, 2, 3, 4, 5]);
  expect(model.training).toBe(true);
  expect(model.namedBuffers().map(([, buffer]) => buffer.toArray())).toEqual(before);
  expect(memory().live).toBe(live);
  model.eval();
  await runMeters(given);
  expect(model.training).toBe(false);
  given.method[Symbol.dispose]();
});

test("an aborted evaluation ends early, and the model is training again", async () => {
  const controller = new AbortController();
  let taken = 0;
  function* counted(): Generator<Batch> {
    for (const batch of batches(100)) {
      if (++taken === 2) controller.abort();
      yield batch;
    }
  }
  const given = options({ loader: { epoch: counted, ready }, signal: controller.signal });
  expect(await runMeters(given)).toBe(false);
  expect(taken).toBe(2);
  expect(given.method.model.training).toBe(true);
  given.method[Symbol.dispose]();
});
