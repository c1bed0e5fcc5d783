import { expect, test } from "vitest";
import { nearest } from "./nearest.js";

test("a slip finds the word that was meant", () => {
  expect(nearest("optimzer.lr", ["optimizer.lr", "epochs"])).toBe("optimizer.lr");
  expect(nearest("resnet-32", ["resnet8", "resnet32"])).toBe("resnet32");
  expect(nearest("lx", ["lr"])).toBe("lr");
});

test("a word like no other finds nothing", () => {
  expect(nearest("colour", ["epochs", "batch"])).toBeUndefined();
  expect(nearest("epochs", [])).toBeUndefined();
});
