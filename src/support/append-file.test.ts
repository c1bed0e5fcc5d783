import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { AppendFile } from "./append-file.js";
import { LongtailError } from "./errors.js";

const folder = mkdtempSync(join(tmpdir(), "longtail-append-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("what is added is in the file at once, behind what was there", () => {
  const path = join(folder, "log");
  for (const word of ["first", "second"]) {
    using file = new AppendFile(path);
    file.add(`${word}\n`);
    file.add(Buffer.from([0xc3, 0xa4]));
    expect(readFileSync(path, "utf8")).toMatch(new RegExp(`${word}\\nä$`));
  }
  expect(readFileSync(path, "utf8")).toBe("first\näsecond\nä");
});

test("a file that cannot be opened or written is named", () => {
  expect(() => new AppendFile(join(folder, "none/log"))).toThrow(LongtailError);
  expect(() => new AppendFile(join(folder, "none/log"))).toThrow(/cannot write .*none\/log: .*ENOENT/);
  const closed = new AppendFile(join(folder, "closed"));
  closed[Symbol.dispose]();
  expect(() => closed.add("x")).toThrow("closed");
});
