import { expect, test } from "vitest";
import { nearest, shellQuoted } from "./text.js";

test("a slip finds the word that was meant", () => {
  expect(nearest("optimzer.lr", ["optimizer.lr", "epochs"])).toBe("optimizer.lr");
  expect(nearest("resnet-32", ["resnet8", "resnet32"])).toBe("resnet32");
  expect(nearest("lx", ["lr"])).toBe("lr");
});

test("a word like no other finds nothing", () => {
  expect(nearest("color", ["epochs", "batch"])).toBeUndefined();
  expect(nearest("epochs", [])).toBeUndefined();
});

test("a word is quoted for the shell only where it has to be", () => {
  expect(["data/a-b", "optimizer.lr=0.1", "two words", "it's", ""].map(shellQuoted)).toEqual([
    "data/a-b",
    "optimizer.lr=0.1",
    "'two words'",
    "'it'\\''s'",
    "''",
  ]);
});
