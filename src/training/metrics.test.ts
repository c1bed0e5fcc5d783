import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { LongtailError } from "../support/errors.js";
import { metricsListener } from "./metrics.js";
import { temporaryFolder } from "./toy.fixture.js";

const warning = { type: "warning", time: "2026-01-01T00:00:00.000Z", message: "two\nlines" } as const;

test("an event is a line of JSON, added to those that are there", () => {
  using temporary = temporaryFolder();
  const path = join(temporary.path, "metrics.jsonl");
  metricsListener(path)(warning);
  metricsListener(path)({ ...warning, message: "more" });
  const lines = readFileSync(path, "utf8").split("\n");
  expect(lines).toHaveLength(3);
  expect(JSON.parse(lines[0]!)).toEqual(warning);
  expect(lines[2]).toBe("");
});

test("a file that cannot be written is named", () => {
  const listen = metricsListener("/dev/full");
  expect(() => {
    listen(warning);
  }).toThrowErrorMatchingInlineSnapshot(
    `[LongtailError: cannot append to /dev/full: ENOSPC: no space left on device, write]`,
  );
  expect(() => {
    listen(warning);
  }).toThrow(LongtailError);
});
