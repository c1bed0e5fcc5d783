import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { longtail, quick } from "../cli.fixture.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-quickstart-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("quickstart trains both on the embedded photographs and compares them", async () => {
  const out = join(folder, "runs");
  const short = [...quick, "--set", "epochs=1", "--set", "data.batch=64"];
  const { code, stdout, stderr } = await longtail("quickstart", "--out", out, "--json", ...short);
  expect(code).toBe(0);
  const [, ...table] = /(accuracy, % .*)\n(.*)\n(.*)\n(.*)\n(.*)\n(.*)\n\nmany/.exec(stderr)!;
  expect(table.map((line) => line.slice(0, 13).trim())).toEqual([
    "accuracy, %",
    "cross-entropy",
    "NCL, ensemble",
    "NCL, expert 1",
    "NCL, expert 2",
    "NCL, expert 3",
  ]);
  expect(stderr).toContain(`npx longtail evaluate ${join(out, "ncl")}`);
  expect(JSON.parse(stdout)).toMatchObject({
    crossEntropy: { images: 400, experts: [{}] },
    ncl: { images: 400, experts: [{}, {}, {}] },
    runs: { ncl: join(out, "ncl") },
  });
  for (const run of ["ce", "ncl"]) expect(existsSync(join(out, run, "result.json"))).toBe(true);
});
