import {
  appendFileSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LineTail } from "./line-tail.js";

let folder = "";
let path = "";
let lines: string[] = [];
let resets = 0;
const reader = {
  line: (text: string) => void lines.push(text),
  reset: () => {
    lines = [];
    resets += 1;
  },
};
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-tail-"));
  path = join(folder, "metrics.jsonl");
  lines = [];
  resets = 0;
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test("a file that appears and grows; a line counts when it is ended", async () => {
  const tail = new LineTail(path);
  expect(await tail.read(reader)).toBe(false);
  writeFileSync(path, "one\ntw");
  expect(await tail.read(reader)).toBe(true);
  expect(lines).toEqual(["one"]);
  appendFileSync(path, "o\nthree\n");
  await tail.read(reader);
  expect(lines).toEqual(["one", "two", "three"]);
  expect(await tail.read(reader)).toBe(false);
  expect(resets).toBe(0);
});

test("a letter that is cut in its middle is whole in the end", async () => {
  const tail = new LineTail(path);
  const bytes = Buffer.from("früh\n");
  writeFileSync(path, bytes.subarray(0, 3));
  await tail.read(reader);
  writeFileSync(path, bytes);
  await tail.read(reader);
  expect(lines).toEqual(["früh"]);
});

test("a file that was replaced by a shorter one, as --resume does", async () => {
  const tail = new LineTail(path);
  writeFileSync(path, "one\ntwo\nthree\n");
  await tail.read(reader);
  writeFileSync(`${path}.tmp`, "one\n");
  renameSync(`${path}.tmp`, path);
  await tail.read(reader);
  expect([lines, resets]).toEqual([["one"], 1]);
  appendFileSync(path, "again\n");
  await tail.read(reader);
  expect([lines, resets]).toEqual([["one", "again"], 1]);
});

test("a file that was cut and has grown beyond its old size since, under the same inode", async () => {
  const tail = new LineTail(path);
  writeFileSync(path, "one\ntwo\n");
  await tail.read(reader);
  truncateSync(path, 4);
  appendFileSync(path, "three, which is longer\n");
  await tail.read(reader);
  expect([lines, resets]).toEqual([["one", "three, which is longer"], 1]);
});

test("a file that is moved aside, and a new one in its place", async () => {
  const tail = new LineTail(path);
  writeFileSync(path, "one\n");
  await tail.read(reader);
  renameSync(path, `${path}.aside`);
  expect(await tail.read(reader)).toBe(true);
  expect([lines, resets]).toEqual([[], 1]);
  writeFileSync(path, "new\n");
  await tail.read(reader);
  expect(lines).toEqual(["new"]);
});

test("of a large file that is there already, its end alone, from a line's start on", async () => {
  writeFileSync(path, Array.from({ length: 1000 }, (_, i) => `line ${i}\n`).join(""));
  const tail = new LineTail(path, { last: 20 });
  await tail.read(reader);
  expect(lines).toEqual(["line 998", "line 999"]);
});

test("lines that are longer than a piece that is read at once", async () => {
  const long = "x".repeat(3_000_000);
  writeFileSync(path, `one\n${long}\ntwo\n`);
  await new LineTail(path).read(reader);
  expect(lines.map(({ length }) => length)).toEqual([3, 3_000_000, 3]);
});

test("links are not followed", async () => {
  writeFileSync(join(folder, "secret"), "secret\n");
  symlinkSync(join(folder, "secret"), path);
  expect(await new LineTail(path).read(reader)).toBe(false);
  expect(lines).toEqual([]);
});
