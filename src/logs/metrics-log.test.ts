import { appendFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LongtailError } from "../support/errors.js";
import { toldEvents } from "../runs/metrics.js";
import { MetricsLog } from "./run-logs.js";
import { temporaryFolder } from "../training/toy.fixture.js";

const warning = { type: "warning", time: "2026-01-01T00:00:00.000Z", message: "two\nlines" } as const;

test("an event is a line of JSON, added to those that are there", () => {
  using temporary = temporaryFolder();
  const path = join(temporary.path, "metrics.jsonl");
  for (const message of [warning.message, "more"]) {
    using log = new MetricsLog(path);
    log.handle({ ...warning, message });
  }
  const lines = readFileSync(path, "utf8").split("\n");
  expect(lines).toHaveLength(3);
  expect(JSON.parse(lines[0]!)).toEqual(warning);
  expect(lines[2]).toBe("");
});

test("a file that cannot be written is named", () => {
  using log = new MetricsLog("/dev/full");
  const handle = (): void => log.handle(warning);
  expect(handle).toThrow(
    /^cannot write \/dev\/full: the disk is full; free some space or choose another folder \(ENOSPC(, .* are free)?\)\. What was there before is untouched\.$/,
  ); // some systems' /dev has a size
  expect(handle).toThrow(LongtailError);
});

test("what was told is read back, but for a line that was cut short", () => {
  using temporary = temporaryFolder();
  const path = join(temporary.path, "metrics.jsonl");
  expect(toldEvents(path)).toEqual([]);
  {
    using log = new MetricsLog(path);
    log.handle(warning);
  }
  appendFileSync(path, '{"type":"warning","mess');
  expect(toldEvents(path)).toEqual([warning]);
});
