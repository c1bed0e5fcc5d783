import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readClassWeights } from "./class-weights.js";

const classes = ["ant", "bee", "long-tailed tit"];

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-weights-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

function read(name: string, content: string): number[] {
  const file = join(folder, name);
  writeFileSync(file, content);
  return readClassWeights(file, classes);
}

function complaint(name: string, content: string): string {
  try {
    read(name, content);
  } catch (error) {
    // What JSON.parse says is left out: it differs with Node's version.
    return (error as Error).message.replaceAll(folder, "DIR").replace(/(expected JSON): .*/, "$1");
  }
  return "none";
}

test("weights by name, in the order of the classes", () => {
  expect(read("w.json", '{ "bee": 0.5, "ant": 3, "long-tailed tit": 1e-3 }')).toEqual([3, 0.5, 0.001]);
  expect(read("w.csv", 'class,weight\n"long-tailed tit",7\nant, 3\nbee,0.5\n')).toEqual([3, 0.5, 7]);
});

test("what is wrong with a file is said", () => {
  const csv = (rows: string): string => complaint("w.csv", `class,weight\n${rows}`);
  const json = (content: string): string => complaint("w.json", content);
  expect({
    unknown: json('{ "ant": 1, "be": 1 }'),
    missing: json('{ "ant": 1 }'),
    zero: json('{ "ant": 0 }'),
    text: json('{ "ant": "much" }'),
    list: json("[1, 2, 3]"),
    broken: json("{"),
    twice: csv("ant,1\nant,2\n"),
    negative: csv("ant,-1\n"),
    word: csv("ant,much\n"),
    short: csv("ant\n"),
    long: csv("ant,1,2\n"),
    noHeader: complaint("w.csv", "ant,1\nbee,2\n"),
    empty: complaint("w.csv", ""),
  }).toMatchInlineSnapshot(`
    {
      "broken": "DIR/w.json: expected JSON",
      "empty": "DIR/w.csv, line 1: expected the header class,weight, found nothing.",
      "list": "DIR/w.json: expected a JSON object, found a list.",
      "long": "DIR/w.csv, record 2: expected a class and a weight, found ant,1,2.",
      "missing": "DIR/w.json: expected a weight for each of 3 classes, found none for 2 of them: "bee", "long-tailed tit".",
      "negative": "DIR/w.csv, record 2: expected a number above 0 for class "ant", found -1. For a class that hardly occurs take a small one.",
      "noHeader": "DIR/w.csv, line 1: expected the header class,weight, found ant,1.",
      "short": "DIR/w.csv, record 2: expected a class and a weight, found ant,.",
      "text": "DIR/w.json: expected a number above 0 for class "ant", found "much". For a class that hardly occurs take a small one.",
      "twice": "DIR/w.csv, record 3: class "ant" is there twice.",
      "unknown": "DIR/w.json: "be" is none of the 3 classes; did you mean "bee"?",
      "word": "DIR/w.csv, record 2: expected a number above 0 for class "ant", found "much". For a class that hardly occurs take a small one.",
      "zero": "DIR/w.json: expected a number above 0 for class "ant", found 0. For a class that hardly occurs take a small one.",
    }
  `);
  expect(() => readClassWeights(join(folder, "none.json"), classes)).toThrow("none.json: file not found");
});
