import { expect, it } from "vitest";
import { packedDataset } from "../../data/testing.fixture.js";
import { classFindings } from "./find.js";

/** Kinds and texts of what is said of classes. */
function said(
  classes: readonly string[],
  labels: readonly number[],
  testLabels?: readonly number[],
): string[] {
  const split = (of: readonly number[]) => ({
    ...packedDataset(of.length, 1, () => 0),
    classes,
    labels: Int32Array.from(of),
  });
  const found = classFindings(split(labels), testLabels && split(testLabels));
  return [...found].flatMap(([kind, items]) => items.map(({ text }) => `${kind}: ${text}`));
}

it("empty, single and untested classes", () => {
  expect(said(["ant", "bee", "cat"], [0, 0, 2], [0])).toEqual([
    'empty-class: "bee"',
    'single-image: "cat"',
    'single-test-image: "ant"',
    'no-test-images: "bee"',
    'no-test-images: "cat"',
  ]);
  expect(said(["ant", "bee"], [0, 0, 1, 1], [0, 0, 1, 1])).toEqual([]);
  expect(said(["ant"], [0, 0])).toEqual(['one-class: "ant"']);
  expect(said(["NA", "bee"], [0, 0, 1, 1])).toEqual(['missing-labels: "NA"']);
});

it("the single image is shown", () => {
  const dataset = { ...packedDataset(3, 1, () => 0), classes: ["a", "b"], labels: Int32Array.of(0, 0, 1) };
  expect(classFindings(dataset, undefined).get("single-image")).toEqual([
    { images: [{ split: "train", index: 2 }], text: '"b"' },
  ]);
});

it.each([
  ["capitals", ["Bee", "bee"], '"Bee", "bee"'],
  ["spaces", ["sea horse", "sea_horse", "seahorse "], '"sea horse", "sea_horse", "seahorse "'],
  ["a space that is another", ["sea horse", "sea\u00a0horse"], '"sea horse", "sea\\u{a0}horse"'],
  ["Unicode's forms", ["caf\u00e9", "cafe\u0301"], '"caf\u00e9", "cafe\\u{301}"'],
  ["wide letters", ["ABC", "\uff21\uff22\uff23"], '"ABC", "\uff21\uff22\uff23"'],
])("names that differ by %s", (_, names, text) => {
  expect(
    said(
      names,
      names.flatMap((_name, label) => [label, label]),
    ),
  ).toEqual([`similar-names: ${text}`]);
});

it("names that differ by more are not alike", () => {
  expect(said(["bee", "beer", "1", "2", "-", "_"], [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5])).toEqual([]);
});
