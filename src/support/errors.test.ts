import { expect, test } from "vitest";
import { clauseOf } from "./errors.js";

test.each([
  ["Request has ended.", "Request has ended"],
  ["connect ECONNREFUSED 127.0.0.1:9", "connect ECONNREFUSED 127.0.0.1:9"],
  [" two lines.\n", "two lines"],
])("%j goes on in a sentence", (message, clause) => {
  expect(clauseOf(new Error(message))).toBe(clause);
  expect(`no answer: ${clauseOf(message)}; check the network`).toBe(
    `no answer: ${clause}; check the network`,
  );
});
