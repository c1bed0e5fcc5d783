/** Small files that would take minutes, all memory or the stack: quadratic lines, gzip bombs, JSON 200,000 deep. */
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { DataError } from "../../support/errors.js";
import { openDataset } from "../registry.js";
import { dataSpec, jpeg, temporaryFolder, writeFiles } from "../testing.fixture.js";
import { readClassNames } from "./class-names.js";
import { readNumpyPickle } from "./numpy-pickle.js";
import { readJsonObject } from "./reading/json-file.js";
import { readTextFile } from "./reading/text-file.js";

/** The message of the DataError that reading a file of this content causes. */
function refusal(content: string | Uint8Array, read: (path: string) => unknown, name = "file"): string {
  using folder = temporaryFolder();
  writeFiles(folder.path, { [name]: content });
  try {
    read(join(folder.path, name));
  } catch (error) {
    expect(error).toBeInstanceOf(DataError);
    return (error as Error).message.replaceAll(folder.path, "DIR");
  }
  return "read";
}

describe("small files that ask for much", () => {
  it("lines and names of many spaces, and 200,000 class names, take linear time", async () => {
    using folder = temporaryFolder();
    const spaces = " ".repeat(200_000);
    writeFiles(folder.path, {
      "a.jpg": jpeg(),
      "train.txt": `a.jpg${spaces}0\n`,
      "test.txt": `a.jpg${spaces}x\n`,
      "names.txt": Array.from({ length: 200_000 }, (_, i) => `class-${i}`).join("\n"),
      "spaces.txt": `a${spaces}b\nc${spaces}d\n`,
    });
    expect((await openDataset(dataSpec("list", folder.path), "train")).size).toBe(1);
    await expect(openDataset(dataSpec("list", folder.path), "test")).rejects.toThrow(
      "expected a path and a whole number",
    );
    expect(readClassNames(join(folder.path, "names.txt"))).toHaveLength(200_000);
    expect(readClassNames(join(folder.path, "spaces.txt"))).toHaveLength(2);
  });

  it("a table of JSON lines that each bring a key of their own", async () => {
    using folder = temporaryFolder();
    const lines = Array.from({ length: 100_000 }, (_, i) => `{"image":"a.jpg","label":"${i % 2}","k${i}":1}`);
    writeFiles(folder.path, { "a.jpg": jpeg(), "train.jsonl": lines.join("\n") });
    const dataset = await openDataset(
      dataSpec("csv", folder.path, { trainFile: "train.jsonl", testFile: "train.jsonl" }),
      "train",
    );
    expect(dataset.size).toBe(100_000);
  });

  it("JSON of many levels, or of another kind, is named without its content", () => {
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    const expected = "DIR/file: expected at most 200 lists and objects within each other.";
    expect(refusal(deep, readJsonObject)).toBe(expected);
    expect(refusal(`{"annotations":${deep}}`, readJsonObject)).toBe(expected);
    expect(refusal('{"a":'.repeat(200_000), readJsonObject)).toBe(expected);
    expect(refusal(JSON.stringify("a".repeat(1_000_000)), readJsonObject).length).toBeLessThan(200);
  });

  it("a gzip file that is a thousand times its size", () => {
    expect(refusal(gzipSync(Buffer.alloc(2 ** 27)), readTextFile)).toBe(
      "DIR/file: expected at most 67108864 bytes of text in the gzip file.",
    );
  });

  it("a pickled dictionary whose keys are lists that share each other", () => {
    const code = (number: number): string => String.fromCharCode(number);
    const shared = Array.from({ length: 39 }, (_, i) => `]q${code(i + 1)}(h${code(i)}h${code(i)}e`);
    const pickle = `\x80\x02]q\0K\x01a${shared.join("")}0}(h'K\x01u.`;
    expect(refusal(Buffer.from(pickle, "latin1"), readNumpyPickle)).toBe(
      "DIR/file: expected a text, found a list of 2.",
    );
  });

  it("labels up to 999,999: a class each, most of them without images", async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, { "a.jpg": jpeg(), "train.txt": "a.jpg 0\na.jpg 999999\n" });
    const opened = openDataset(dataSpec("list", folder.path, { labels: "numbers" }), "train");
    await expect(opened).rejects.toThrow('class "1" has no training images');
  });
});
