import { expect, test } from "vitest";
import { declaredSize } from "./declared-size.js";
import { pngHeader } from "./serve.fixture.js";

test("the size is that of the header", () => {
  expect(declaredSize(pngHeader(300, 200))).toMatchObject({ width: 300, height: 200 });
});

test("bytes behind an upload in the same memory are not read", () => {
  const whole = pngHeader(300, 200);
  expect(declaredSize(whole.slice(0, 16))).toBeNull(); // all before the size
  expect(declaredSize(whole.subarray(0, 16))).toBeNull();
});
