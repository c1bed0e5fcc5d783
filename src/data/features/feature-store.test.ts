import * as fs from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { temporaryFolder, writeFiles } from "../testing.fixture.js";
import type { Dataset } from "../dataset.js";
import { contentHashes } from "./content.js";
import { FeatureStore } from "./feature-store.js";

let full = false;
vi.mock("node:fs", async (importOriginal) => {
  const original = await importOriginal<typeof fs>();
  const writeSync = (file: number, ...what: [Uint8Array, number]): number => {
    if (!full) return original.writeSync(file, ...what);
    throw Object.assign(new Error("ENOSPC: no space left on device"), { code: "ENOSPC" });
  };
  return { ...original, writeSync };
});

let temporary: ReturnType<typeof temporaryFolder>;
let path = "";
beforeEach(() => {
  temporary = temporaryFolder();
  path = join(temporary.path, "cache/a.features");
});
afterEach(() => {
  full = false;
  temporary[Symbol.dispose]();
});

const key = "ab".repeat(32);
const hashOf = (n: number): string => n.toString(16).padStart(32, "0");
const [one, two] = [Float32Array.of(1, 2, 3), Float32Array.of(4, 5, 6)];
const open = (how = { key, features: 3 }): FeatureStore => new FeatureStore(path, how);

/** A file with the features of images 1 and 2. */
function fill(): void {
  using store = open();
  store.append([hashOf(1), hashOf(2)], Float32Array.of(...one, ...two));
  store.sync();
}

test("features are there when the file is opened again", () => {
  fill();
  using store = open();
  expect(store.get(hashOf(1))).toEqual(one);
  expect(store.get(hashOf(2))).toEqual(two);
  expect(store.get(hashOf(3))).toBeUndefined();
});

test("a record that a crash cut short is gone, and the next one goes behind the whole ones", () => {
  fill();
  fs.truncateSync(path, fs.statSync(path).size - 5);
  {
    using store = open();
    expect(store.get(hashOf(1))).toEqual(one);
    expect(store.get(hashOf(2))).toBeUndefined();
    store.append([hashOf(2)], two);
  }
  using store = open();
  expect(store.get(hashOf(2))).toEqual(two);
});

test("a damaged record is as good as missing; the others stay", () => {
  fill();
  const bytes = fs.readFileSync(path);
  bytes[bytes.length - 1]! ^= 1;
  fs.writeFileSync(path, bytes);
  using store = open();
  expect(store.get(hashOf(1))).toEqual(one);
  expect(store.get(hashOf(2))).toBeUndefined();
});

test.each([
  ["another key", { key: "cd".repeat(32), features: 3 }],
  ["another number of features", { key, features: 2 }],
])("a file for %s is emptied", (_what, how) => {
  fill();
  using store = open(how);
  expect(store.get(hashOf(1))).toBeUndefined();
});

test("a full disk: the error names the file, and what was there stays", () => {
  fill();
  {
    using store = open();
    full = true;
    expect(() => store.append([hashOf(3)], one)).toThrow(
      /cannot write .*a\.features: the disk is full; free some space or choose another folder/,
    );
    full = false;
  }
  using store = open();
  expect(store.get(hashOf(2))).toEqual(two);
  expect(store.get(hashOf(3))).toBeUndefined();
});

test("content hashes are those of the bytes, wherever these lie", async () => {
  writeFiles(temporary.path, { a: "first", b: "second", c: "first", all: "second" + "first" });
  const at = (name: string): string => join(temporary.path, name);
  const dataset = (pixels: Dataset["pixels"], size: number): Dataset => ({
    ...{ kind: "image-folder", root: temporary.path, split: "train", classes: ["x"], size, pixels },
    labels: new Int32Array(size),
    describe: (index) => `image ${index}`,
  });
  const ofFiles = await contentHashes(dataset({ kind: "files", paths: [at("a"), at("b"), at("c")] }, 3));
  expect(ofFiles[0]).toMatch(/^[0-9a-f]{32}$/);
  expect(ofFiles[0]).toBe(ofFiles[2]);
  expect(ofFiles[0]).not.toBe(ofFiles[1]);
  const spans = { kind: "spans", files: [at("all")], file: Int32Array.of(0, 0) } as const;
  const ofSpans = { ...spans, offsets: Float64Array.of(6, 0), lengths: Int32Array.of(5, 6) };
  expect(await contentHashes(dataset(ofSpans, 2))).toEqual([ofFiles[0], ofFiles[1]]);
  const tooLong = { ...spans, offsets: Float64Array.of(6, 0), lengths: Int32Array.of(50, 6) };
  await expect(contentHashes(dataset(tooLong, 2))).rejects.toThrow(
    "image 0: cannot be read: it ends after 5 of 50 bytes",
  );
  const gone = dataset({ kind: "files", paths: [at("gone")] }, 1);
  await expect(contentHashes(gone)).rejects.toThrow(/image 0: cannot be read: ENOENT/);
});
