import { expect, test } from "vitest";
import { emitter, type TrainingEvent } from "./events.js";
test("every listener gets the event, stamped with its time", () => {
  const first: TrainingEvent[] = [];
  const second: TrainingEvent[] = [];
  const emit = emitter([(event) => first.push(event), (event) => second.push(event)]);
  emit({ type: "warning", message: "slow disk" });
  expect(first).toMatchObject([{ type: "warning", message: "slow disk" }]);
  expect(first[0]?.time).toMatch(/^\d{4}-.*Z$/);
  expect(second).toEqual(first);
});
