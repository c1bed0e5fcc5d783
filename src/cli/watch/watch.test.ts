import { expect, test } from "vitest";
import { endEvent, evaluationEvent, stepEvent, toyRuns } from "../../watch/watch.fixture.js";
import { longtail } from "../cli.fixture.js";

test("watch --once shows where the runs stand", async () => {
  using runs = toyRuns();
  runs.begin("five/seed-0");
  runs.events("five/seed-0", stepEvent(2, 50), evaluationEvent(1, 40));
  runs.begin("tour");
  runs.events("tour", stepEvent(10, 100), endEvent("finished"));
  const { code, stdout } = await longtail("watch", runs.path, "--once");
  expect(code).toBe(0);
  expect(stdout).toMatch(/^five\/seed-0 +running +2\/10 50 % +0\.100 +40\.0 +60\.0 +40\.0 +20\.0 +400 +-$/m);
  expect(stdout).toMatch(/^tour +finished +10\/10 +0\.010 +- +- +- +- +400 +-$/m);
});

test("watch --once --json", async () => {
  using runs = toyRuns();
  runs.begin("tour");
  const { stdout } = await longtail("watch", runs.path, "--once", "--json");
  expect(JSON.parse(stdout)).toMatchObject({ folder: runs.path, runs: [{ id: "tour", state: "running" }] });
});

test("a folder that is not there is wrong use", async () => {
  const { code, stderr } = await longtail("watch", "/no/such/folder");
  expect(stderr).toBe("error: /no/such/folder: expected a folder of runs, found nothing\n");
  expect(code).toBe(2);
});
