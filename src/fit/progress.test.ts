import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Emit } from "../runs/events.js";
import { trainingProgress } from "./progress.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("says what begins, then every ten seconds the epoch and what is left", () => {
  const messages: string[] = [];
  const emit: Emit = (event) => {
    if (event.type === "note") messages.push(event.message);
  };
  const report = trainingProgress("fine-tuning", { epochs: 3, stepsPerEpoch: 4, emit });
  for (let step = 1; step <= 12; step += 1) {
    vi.advanceTimersByTime(4_000);
    report(step);
  }
  expect(messages).toEqual([
    "fine-tuning: 3 epochs",
    "fine-tuning: epoch 1 of 3, about 36.0 s left",
    "fine-tuning: epoch 2 of 3, about 24.0 s left",
    "fine-tuning: epoch 3 of 3, about 12.0 s left",
  ]);
});
