import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DataError } from "../../../support/errors.js";
import { matchingFiles } from "./file-pattern.js";
import { temporaryFolder, writeFiles } from "../../testing.fixture.js";

describe("a pattern of files", () => {
  const files = [
    "train-08.tar",
    "train-09.tar",
    "train-10.tar",
    "train-10.tar.idx",
    ".hidden.tar",
    "more/a+b.tar",
    "more/c.txt",
  ];

  it.each([
    ["train-*.tar", ["train-08.tar", "train-09.tar", "train-10.tar"]],
    ["train-?8.tar", ["train-08.tar"]],
    ["train-{08..10}.tar", ["train-08.tar", "train-09.tar", "train-10.tar"]],
    ["more", ["more/a+b.tar"]],
    ["more/a+b*", ["more/a+b.tar"]],
    ["more/c.txt", ["more/c.txt"]],
  ])("%s", (pattern, expected) => {
    using folder = temporaryFolder();
    writeFiles(folder.path, Object.fromEntries(files.map((name) => [name, ""])));
    const paths = expected.map((name) => join(folder.path, name));
    expect(matchingFiles(folder.path, pattern, ".tar")).toEqual(paths);
    expect(matchingFiles("/elsewhere", join(folder.path, pattern), ".tar")).toEqual(paths);
  });

  it.each(["test-*.tar", "none", "none/*.tar", "train-{08..11}.tar"])(
    "%s matches nothing or too little",
    (pattern) => {
      using folder = temporaryFolder();
      writeFiles(folder.path, Object.fromEntries(files.map((name) => [name, ""])));
      expect(() => matchingFiles(folder.path, pattern, ".tar")).toThrow(DataError);
    },
  );
});
