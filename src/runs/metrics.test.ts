import { expect, test } from "vitest";
import { eventIn } from "./metrics.js";

const step = { type: "step", epoch: 1, step: 2, loss: 3, terms: { crossEntropy: 3 } };

test("an event of an earlier version has today's names", () => {
  const { terms, ...rest } = step;
  expect(eventIn(JSON.stringify({ ...rest, parts: terms }))).toEqual(step);
  expect(eventIn(JSON.stringify(step))).toEqual(step);
});

test.each([
  ["cut short", '{"type":"step","epoch":1'],
  ["no object", "[1]"],
  ["of an unknown type", '{"type":"constructor"}'],
  ["without a type", '{"epoch":1}'],
  ["without its step", JSON.stringify({ ...step, step: undefined })],
  ["with a text for a number", JSON.stringify({ ...step, epoch: "1" })],
  ["with phases that are none", JSON.stringify({ type: "run", epochs: 1, stepsPerEpoch: 1, phases: [{}] })],
  ["without its terms", JSON.stringify({ ...step, terms: undefined })],
])("a line that is %s is no event", (_, line) => {
  expect(eventIn(line)).toBeNull();
});
