/** Checkpoints that were cut short, flipped or lost to a power cut are told from whole ones; none is ever taken for one. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Linear } from "../nn/linear.js";
import { Sgd } from "../optim/sgd.js";
import { CheckpointError } from "../support/errors.js";
import { Rng } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import { readCheckpoint, saveCheckpoint } from "./checkpoint.js";
import { temporaryFolder, toyRecipe } from "./toy.fixture.js";

const temporary = temporaryFolder();
const path = join(temporary.path, "last.safetensors");
/** A checkpoint's bytes: of one layer, so that thousands are read in a moment, with the header of any other. */
let whole: Buffer;
let headerSize: number;

beforeAll(() => {
  using _scope = scope();
  const model = new Linear({ inFeatures: 32, outFeatures: 16, rng: new Rng(0) });
  const optimizer = new Sgd(model.parameters(), toyRecipe("data").optimizer);
  saveCheckpoint(path, {
    recipe: toyRecipe("data"),
    ...{ classes: ["ant", "bee", "cat"], counts: [24, 12, 6], trained: null },
    ...{ epoch: 1, step: 5, sums: null, best: null, bestOnTest: null },
    state: { model: model.stateDict(), optimizer: optimizer.stateDict(), scaler: null, ema: null },
    randomStates: [Uint8Array.of(1, 2, 3)],
  });
  optimizer[Symbol.dispose]();
  model[Symbol.dispose]();
  whole = readFileSync(path);
  headerSize = 8 + Number(whole.readBigUInt64LE());
});
afterAll(() => {
  temporary[Symbol.dispose]();
});

/** What reading makes of a file with these bytes. Any error but a CheckpointError would end a run that goes on. */
function reading(bytes: Uint8Array): string {
  writeFileSync(path, bytes);
  using _scope = scope();
  try {
    readCheckpoint(path);
    return "loaded";
  } catch (error) {
    return error instanceof CheckpointError ? "damaged" : String(error);
  }
}

/** The whole file but for what lies from `at` on. */
function overwritten(at: number, by: Uint8Array): Buffer {
  const bytes = Buffer.from(whole);
  bytes.set(by.subarray(0, bytes.length - at), at);
  return bytes;
}

function flipped(at: number, bit: number): Buffer {
  return overwritten(at, Uint8Array.of(whole[at]! ^ (1 << bit)));
}

test("however a checkpoint is damaged, it is not loaded", () => {
  expect(reading(whole)).toBe("loaded");
  // Half of the time within the header, whose damage could hide that of the rest.
  const place = fc.oneof(fc.nat({ max: headerSize - 1 }), fc.nat({ max: whole.length - 1 }));
  const noise = fc.uint8Array({ minLength: 1, maxLength: 64 });
  const flips = fc.tuple(place, fc.nat({ max: 7 })).map(([at, bit]) => flipped(at, bit));
  const cuts = place.map((at) => whole.subarray(0, at));
  // What a power cut leaves of blocks that were promised to a file and never written.
  const zeroTails = place.map((at) => overwritten(at, Buffer.alloc(whole.length)));
  const zeroBlocks = fc
    .tuple(place, fc.integer({ min: 1, max: 4096 }))
    .map(([at, size]) => overwritten(at, Buffer.alloc(size)));
  const scribbles = fc.tuple(place, noise).map(([at, by]) => overwritten(at, by));
  const longer = noise.map((more) => Buffer.concat([whole, more]));
  const damaged = fc.oneof(flips, cuts, zeroTails, zeroBlocks, scribbles, longer);
  const property = fc.property(damaged, (bytes) => {
    fc.pre(!whole.equals(bytes));
    expect(reading(bytes)).toBe("damaged");
  });
  fc.assert(property, { numRuns: 1500 });
});

test("no bit of the header's beginning, where the checksum is, can change unnoticed", () => {
  for (let at = 0; at < whole.indexOf("description"); at += 1)
    for (let bit = 0; bit < 8; bit += 1)
      expect([at, bit, reading(flipped(at, bit))]).toEqual([at, bit, "damaged"]);
});
