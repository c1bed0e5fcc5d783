import { expect, test } from "vitest";
import { applyOverrides, parseOverride } from "./overrides.js";

const recipe = {
  epochs: 4,
  method: { kind: "ncl", experts: 3, hardCategories: 30 },
  data: { train: [{ kind: "resize", size: 40 }] },
};

function apply(...texts: string[]): unknown {
  return applyOverrides(recipe, texts.map(parseOverride));
}

test("values are JSON, or text", () => {
  const values = ["a=1", "a=true", "a=[6,7]", "a=null", "a=resnet20", 'a="7"', "a=", "a=b=c"];
  expect(values.map((text) => parseOverride(text).value)).toEqual([
    1,
    true,
    [6, 7],
    null,
    "resnet20",
    "7",
    "",
    "b=c",
  ]);
});

test.each(["epochs", "=1", "a..b=1", ""])("%j is refused", (text) => {
  expect(() => parseOverride(text)).toThrow("--set expects key=value, such as optimizer.lr=0.05; found");
});

test("a dotted path reaches inside, into lists as well", () => {
  expect(
    apply("method.experts=2", "data.train.0.size=36", 'data.train.1={"kind":"horizontal-flip"}', "seed=3"),
  ).toEqual({
    epochs: 4,
    seed: 3,
    method: { kind: "ncl", experts: 2, hardCategories: 30 },
    data: { train: [{ kind: "resize", size: 36 }, { kind: "horizontal-flip" }] },
  });
});

test("another kind drops the old one's settings, whatever the order", () => {
  expect(apply("method.experts=2", "method.kind=cross-entropy")).toMatchObject({
    method: { kind: "cross-entropy", experts: 2 },
  });
  expect(apply("method.kind=ncl")).toMatchObject({ method: { hardCategories: 30 } });
});

test("another format of the data keeps how images are prepared", () => {
  expect(apply("data.kind=list", "data.train.0.kind=center-crop")).toMatchObject({
    data: { kind: "list", train: [{ kind: "center-crop" }] },
  });
});

test("a place that a list does not have is refused", () => {
  expect(() => apply("data.train.2.size=3")).toThrow('expected a place in a list of 1, found "2"');
  expect(() => apply("data.train.first.size=3")).toThrow('expected a place in a list of 1, found "first"');
});

test("the recipe is not changed", () => {
  apply("epochs=9", "method.experts=1");
  expect(recipe.epochs).toBe(4);
  expect(recipe.method.experts).toBe(3);
});
