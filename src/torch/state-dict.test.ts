import { expect, test } from "vitest";
import { ones } from "./create.js";
import { scope } from "./scope.js";
import { matchState } from "./state-dict.js";

test("tensors of the same name are paired; the first that does not fit is named", () => {
  using _ = scope();
  const [own, saved] = [new Map([["a", ones([2])]]), new Map([["a", ones([2])]])];
  expect(matchState(own, saved, { what: "state" })).toEqual([[own.get("a"), saved.get("a")]]);
  const more = new Map([...saved, ["b", ones([1])]]);
  expect(matchState(own, more, { what: "state" })).toHaveLength(1);
  expect(() => matchState(own, more, { what: "state", exact: true })).toThrow(
    'state: "b": expected no such tensor, found one',
  );
  expect(() => matchState(more, saved, { what: "state" })).toThrow(
    'state: "b": expected shape [1], found no such tensor',
  );
  expect(() => matchState(own, new Map([["a", ones([3])]]), { what: "state" })).toThrow(
    'state: "a": expected shape [2], found [3]',
  );
});
