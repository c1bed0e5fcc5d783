import { expect, test } from "vitest";
import { ProcessMeter } from "./process-use.js";

test("memory, and the cores that are busy since the last time", async () => {
  const meter = new ProcessMeter(process.pid);
  const first = await meter.read(0);
  expect(first).toMatchObject({ pid: process.pid, cores: null });
  expect(first?.memory).toBeGreaterThan(10e6);
  for (const end = busy() + 300; busy() < end;);
  expect((await meter.read(1000))?.cores).toBeGreaterThanOrEqual(0.25);
});

/** Milliseconds of processor time so far. */
function busy(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

test("a process that is not there", async () => {
  expect(await new ProcessMeter(4_194_305).read(0)).toBeNull();
});
