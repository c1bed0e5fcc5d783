import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { longtail, quick, smallPhotographs } from "../cli.fixture.js";

let photographs = "";
let run = "";
beforeAll(async () => {
  photographs = smallPhotographs();
  run = join(photographs, "run");
  const ema = ["--set", 'ema={"decay":0.5,"warmup":false}'];
  const data = ["--data", photographs, "--out", run, "--threads", "1"];
  const { stderr } = await longtail("train", "caltech20-lt-ce", ...data, ...quick, ...ema);
  expect(stderr).toBe("");
}, 120_000);
afterAll(() => {
  rmSync(photographs, { recursive: true, force: true });
});

test("--weights chooses between the averages, which are the default, and the weights", async () => {
  const lossBy = async (...weights: string[]): Promise<number> => {
    const { stdout } = await longtail("evaluate", run, ...weights, "--threads", "1", "--json");
    return (JSON.parse(stdout) as { loss: number }).loss;
  };
  const ema = await lossBy("--weights", "ema");
  expect(await lossBy()).toBe(ema);
  expect(await lossBy("--weights", "raw")).not.toBe(ema);
});

test("--weights is refused with --recipe, and for another kind", async () => {
  const foreign = await longtail("evaluate", "best.pth", "--recipe", "cifar10-lt-ce", "--weights", "raw");
  expect(foreign.stderr).toBe(
    "error: --weights chooses among a checkpoint's; a file that needs --recipe holds one kind\n",
  );
  expect(foreign.code).toBe(2);
  const unknown = await longtail("export", run, "--format", "pth", "--out", "x.pth", "--weights", "mean");
  expect(unknown.stderr).toContain("Allowed choices are ema, raw");
  expect(unknown.code).toBe(2);
});
