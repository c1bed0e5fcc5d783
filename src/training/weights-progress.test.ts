import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { weightsProgress } from "./weights-progress.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("a download says once that it begins, then every ten seconds how far it is", () => {
  const reported: string[] = [];
  const show = weightsProgress((event) => {
    if (event.type === "warning" || event.type === "note") reported.push(event.message);
  });
  show({ kind: "extract", file: "weights", bytes: 1, total: 2 });
  for (let seconds = 0; seconds <= 30; seconds += 6) {
    show({ kind: "fetch", file: "weights", bytes: 40e6 + seconds * 2e6, total: 100e6 });
    vi.advanceTimersByTime(6_000);
  }
  expect(reported).toEqual([
    "The pretrained weights are fetched now, once.",
    "pretrained weights: 64.0 MB of 100.0 MB fetched, about 18.0 s left",
    "pretrained weights: 88.0 MB of 100.0 MB fetched, about 6.0 s left",
  ]);
});
