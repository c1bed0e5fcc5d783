import { expect, test } from "vitest";
import { endEvent, stepEvent, toyRuns } from "../watch.fixture.js";
import { Watcher } from "../watcher.js";
import { TextView } from "./text-view.js";

function screen(isTTY: boolean) {
  const written: string[] = [];
  return { written, isTTY, columns: 60, rows: 4, write: (text: string) => written.push(text) };
}

test("a terminal's table is drawn over the one before, as much of it as fits", async () => {
  using runs = toyRuns();
  for (const id of ["a", "b", "c", "d"]) runs.begin(id);
  const watcher = new Watcher(runs.path);
  await watcher.refresh();
  const stream = screen(true);
  const view = new TextView({ stream, changed: () => undefined });
  view.show(watcher.list);
  view.show(watcher.list);
  const [first = "", second = ""] = stream.written;
  expect(first.split("\n")).toHaveLength(4); // three lines, and the cursor's
  expect(first).toContain("and 3 more\n");
  expect(second.startsWith("\u001b[3A\r\u001b[J")).toBe(true);
  expect(first.split("\n").every((line) => line.replace("\r\u001b[J", "").length < 60)).toBe(true);
});

test("without a terminal a line when a state changes, and every ten seconds", async () => {
  using runs = toyRuns();
  runs.begin("tour");
  let now = Date.now();
  const watcher = new Watcher(runs.path, () => now);
  const stream = screen(false);
  const changes: string[] = [];
  const view = new TextView({ stream, changed: ({ state }) => changes.push(state), now: () => now });
  const after = async (seconds: number, ...events: object[]): Promise<void> => {
    now += 1000 * seconds;
    runs.events("tour", ...events);
    await watcher.refresh();
    view.show(watcher.list);
  };
  await after(0, stepEvent(1, 1));
  await after(5, stepEvent(1, 2));
  await after(6, stepEvent(1, 3));
  await after(6, endEvent("failed", "no room on the disk"));
  expect(stream.written.map((line) => line.replace(/, [^,]* left/, ""))).toEqual([
    "tour: running, epoch 1/10 1 %, loss 10.000\n",
    "tour: running, epoch 1/10 3 %, loss 3.333\n",
    "tour: failed, epoch 1/10 3 %, loss 3.333, no room on the disk\n",
  ]);
  expect(changes).toEqual(["running", "running", "running", "failed"]);
});
