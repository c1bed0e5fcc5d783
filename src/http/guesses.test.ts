import { expect, test } from "vitest";
import { Guesses } from "./guesses.js";

test("ten wrong tokens at once, then one in six seconds, for each address", () => {
  let clock = 0;
  const guesses = new Guesses(() => clock);
  for (let i = 0; i < 10; i += 1) {
    expect(guesses.secondsToWait("10.0.0.1")).toBe(0);
    guesses.wrong("10.0.0.1", "a token");
  }
  expect(guesses.secondsToWait("10.0.0.1")).toBe(6);
  expect(guesses.secondsToWait("10.0.0.2")).toBe(0);
  clock += 6000;
  expect(guesses.secondsToWait("10.0.0.1")).toBe(0);
  guesses.wrong("10.0.0.1", "a token");
  expect(guesses.secondsToWait("10.0.0.1")).toBe(6);
  clock += 3_600_000;
  for (let i = 0; i < 10; i += 1) guesses.wrong("10.0.0.1", "a token");
  expect(guesses.secondsToWait("10.0.0.1")).toBe(6);
});

test("an IPv6 network counts as one address", () => {
  const guesses = new Guesses(() => 0);
  for (let i = 0; i < 10; i += 1) guesses.wrong(`2001:db8:1:2::${i}`, "a token");
  expect(guesses.secondsToWait("2001:db8:1:2:ffff::1")).toBe(6);
  expect(guesses.secondsToWait("2001:db8:1:3::1")).toBe(0);
  expect(guesses.secondsToWait("::ffff:10.0.0.1")).toBe(0);
});

test("many addresses do not make many guesses", () => {
  const guesses = new Guesses(() => 0);
  for (let i = 0; i < 5000; i += 1) guesses.wrong(`10.1.${i >> 8}.${i & 255}`, "a token");
  expect(guesses.secondsToWait("10.9.9.9")).toBe(6);
});

test("tokens that were wrong before are known, the last 4096 of them", () => {
  const guesses = new Guesses(() => 0);
  for (let i = 0; i < 5000; i += 1) guesses.wrong("10.0.0.1", `token ${i}`);
  expect([0, 903, 904, 4999, 5000].map((i) => guesses.isWrong(`token ${i}`))).toEqual([
    false,
    false,
    true,
    true,
    false,
  ]);
});
