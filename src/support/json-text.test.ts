import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { jsonBudgetFault, jsonElements, jsonMembers, repeatedKey, withMembers } from "./json-text.js";

const text = ' { "a" : 1.0,"b\\"" :[ "}" , {"c":"]"} ], "id": 12345678901234567890 } ';

describe("parts of JSON text", () => {
  it("stand as they are", () => {
    expect(jsonMembers(text)).toEqual([
      { key: "a", json: "1.0" },
      { key: 'b"', json: '[ "}" , {"c":"]"} ]' },
      { key: "id", json: "12345678901234567890" },
    ]);
    expect(jsonElements('[ "}" , {"c":"]"} ]')).toEqual(['"}"', '{"c":"]"}']);
    expect([jsonMembers(" {} "), jsonElements("[ ]")]).toEqual([[], []]);
  });

  it("are the values that JSON.parse gives", () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.constantFrom(undefined, 1, "\t"),
        (object, indent) => {
          const members = jsonMembers(JSON.stringify(object, null, indent));
          const parsed = members.map(({ key, json }) => [key, JSON.parse(json) as unknown] as const);
          expect(parsed).toEqual(Object.entries(JSON.parse(JSON.stringify(object)) as object));
        },
      ),
    );
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.constantFrom(undefined, 2), (list, indent) => {
        const elements = jsonElements(JSON.stringify(list, null, indent));
        expect(elements.map((json) => JSON.parse(json) as unknown)).toEqual(JSON.parse(JSON.stringify(list)));
      }),
    );
  });
});

describe("withMembers", () => {
  it("changes those members and nothing else, none inside others", () => {
    const nested = '{"x":{"a":2}, "a" : "old","n": 1e0}';
    expect(withMembers(nested, { a: 'new "', z: 1 })).toBe('{"x":{"a":2}, "a" : "new \\"","n": 1e0}');
    expect(withMembers(text, {})).toBe(text);
  });
});

describe("a key that is there twice", () => {
  it("is found at any depth, however it is escaped, with its place", () => {
    const text = '[{"a":1},{"a":{"b":[{"c":1}],"\\u0062":2}}]';
    expect(repeatedKey(text)).toEqual({ key: "b", at: text.indexOf('"\\u0062"') });
    expect(repeatedKey('{"a":"a","b":["a","a"],"c":{"a":1}}')).toBeNull();
  });

  it("is never found in what JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(repeatedKey(JSON.stringify(value))).toBeNull();
      }),
    );
  });
});

describe("the budget", () => {
  it("counts levels and values, not what stands in texts", () => {
    const limits = { depth: 2, documentValues: 4 };
    expect(jsonBudgetFault('{"a":["[[[[,,,,"]}', limits)).toBeNull();
    expect(jsonBudgetFault("[[[]]]", limits)).toBe("expected at most 2 lists and objects within each other");
    expect(jsonBudgetFault("[1,2,3,4,5]", limits)).toBe("expected at most 4 values");
  });
});
