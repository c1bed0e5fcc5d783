import fc from "fast-check";
import { expect, test } from "vitest";
import { parseLiteral } from "./literal.js";

test.each([
  ["(32, 32)", [32, 32]],
  ["('random_crop', \"random_horizontal_flip\")", ["random_crop", "random_horizontal_flip"]],
  ["()", []],
  ["[]", []],
  ["[320,360]", [320, 360]],
  ["(7,)", [7]],
  ["(0.75, 1.333333333)", [0.75, 1.333333333]],
  [
    "((1, 2), [True, None])",
    [
      [1, 2],
      [true, null],
    ],
  ],
  ["2e-4", 2e-4],
  ["-1", -1],
  ["1.", 1],
  [".5", 0.5],
  ["True", true],
  ["False", false],
  ["'res32_cifar'", "res32_cifar"],
  ["(32)", 32],
  [" ( 1 , 2 ) ", [1, 2]],
])("%s", (text, value) => {
  expect(parseLiteral(text)).toEqual(value);
});

test.each([
  "(32, 32",
  "32, 32)",
  "(32; 32)",
  "(32 32)",
  "(,)",
  "(1,,2)",
  "[1, 2)",
  "res32_cifar",
  "(res50, res50)",
  "2e-4x",
  "Truest",
  "'open",
  "1e",
  "",
])("%j is no literal", (text) => {
  expect(parseLiteral(text)).toBeUndefined();
});

test("reads back whatever is written", () => {
  const word = fc.string().filter((text) => !/['\\]/.test(text));
  const atom = fc.oneof(
    fc.boolean(),
    fc.constant(null),
    word,
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  );
  const { value: values } = fc.letrec((tie) => ({
    value: fc.oneof({ depthSize: "small" }, atom, fc.array(tie("value"), { maxLength: 4 })),
  }));
  fc.assert(
    fc.property(values, (value) => {
      expect(parseLiteral(written(value))).toEqual(value);
    }),
  );
});

function written(value: unknown): string {
  if (Array.isArray(value)) return `(${value.map((item) => `${written(item)},`).join(" ")})`;
  if (typeof value === "string") return `'${value}'`;
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return Object.is(value, -0) ? "-0" : JSON.stringify(value);
}
