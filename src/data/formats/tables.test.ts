/** Tables and lists as spreadsheets, pandas and data set authors write them. */
import { relative } from "node:path";
import { describe, expect, it } from "vitest";
import type { DataSpec } from "../dataset.js";
import { openAllTraining, openDataset } from "../registry.js";
import { complaint, dataSpec, jpeg, temporaryFolder, writeFiles } from "../testing.fixture.js";

const image = jpeg();

/** Classes, then the label of each image, or the message of the error. */
async function read(
  content: string | Uint8Array,
  { files = ["a.jpg", "b.jpg", "c.jpg"], ...changes }: Partial<DataSpec> & { files?: readonly string[] } = {},
): Promise<string> {
  using folder = temporaryFolder();
  writeFiles(folder.path, { "train.csv": content });
  for (const file of files) writeFiles(folder.path, { [file]: image });
  const { classes, labels, notes = [] } = await openAllTraining(dataSpec("csv", folder.path, changes));
  const said = notes.length === 0 ? "" : `; ${notes.length} note`;
  return `${classes.join(" ")}: ${[...labels].join(" ")}${said}`;
}

describe("tables", () => {
  it.each([
    ["semicolons", "image;label\na.jpg;ant\nb.jpg;bee\nc.jpg;ant\n"],
    ["tabs and CR LF", "image\tlabel\r\na.jpg\tant\r\nb.jpg\tbee\r\nc.jpg\tant\r\n"],
    [
      "a mark at the start and quotes",
      '\ufeff"image","label"\n"a.jpg","ant"\n"b.jpg","bee"\n"c.jpg","ant"\n',
    ],
    ["UTF-16", Buffer.from("\ufeffimage\tlabel\na.jpg\tant\nb.jpg\tbee\nc.jpg\tant\n", "utf16le")],
    ["usual names of columns", "id,File Name,Species\n1,a.jpg,ant\n2,b.jpg,bee\n3,c.jpg,ant\n"],
    ["paths with backslashes and a dot", "image,label\n.\\a.jpg,ant\n.\\b.jpg,bee\nc.jpg,ant\n"],
  ])("%s", async (_, content) => {
    expect(await read(content)).toBe("ant bee: 0 1 0");
  });

  it("labels from 1, with gaps, padded or taxon ids are names in the order of the numbers, and said to be", async () => {
    const labels = (...values: string[]): string =>
      `image,label\n${values.map((label, i) => `${"abc"[i]!}.jpg,${label}\n`).join("")}`;
    expect({
      fromOne: await read(labels("1", "2", "1")),
      gaps: await read(labels("9", "0", "5")),
      taxa: await read(labels("51702", "48484", "9000")),
      padded: await read(labels("010", "002", "002")),
      decimals: await read(labels("1.0", "0.0", "1.0")),
      numbers: await read(labels("1", "0", "2")),
      asNames: await read(labels("1", "0", "2"), { labels: "names" }),
      missing: await read(labels("NA", "bee", "ant")),
    }).toEqual({
      fromOne: "1 2: 0 1 0; 1 note",
      gaps: "0 5 9: 2 0 1; 1 note",
      taxa: "9000 48484 51702: 2 1 0; 1 note",
      padded: "002 010: 1 0 0; 1 note",
      decimals: "0 1: 1 0 1",
      numbers: "0 1 2: 1 0 2",
      asNames: "0 1 2: 1 0 2; 1 note",
      missing: "NA ant bee: 0 2 1; 1 note",
    });
  });

  it("a label that is missing among numbers is none", async () => {
    const csv = "image,label\na.jpg,0.0\nb.jpg,NA\nc.jpg,1.0\n";
    await expect(read(csv)).rejects.toThrow("line 3: expected a label from 0 to 1, found NA");
    expect(await read(csv, { strict: false })).toBe("0 1: 0 1");
  });

  it("ids without folder and extension take keys, which the error names", async () => {
    const table = "image_id,label\n17,ant\n18,bee\n";
    const files = ["images/17.jpg", "images/18.jpg"];
    expect(await read(table, { files, imageFolder: "images", imageExtension: ".jpg" })).toBe("ant bee: 0 1");
    const message = await complaint({ kind: "csv" }, { "train.csv": table, "images/17.jpg": image });
    expect(message).toBe(
      "DIR/train.csv, line 2: no file DIR/17; 2 of 2 images are missing. DIR/images/17.jpg is there: " +
        "--set data.imageFolder=images --set data.imageExtension=.jpg. data.strict=false leaves out what is missing.",
    );
  });

  it("test lists are matched by what the training list says, a trained network's classes by name", async () => {
    using folder = temporaryFolder();
    for (const name of ["a.jpg", "b.jpg"]) writeFiles(folder.path, { [name]: image });
    writeFiles(folder.path, {
      "train.csv": "image,label\na.jpg,7\nb.jpg,9\n",
      "test.csv": "image,label\nb.jpg,9.0\n",
    });
    const test = await openDataset(dataSpec("csv", folder.path), "test");
    expect([test.classes, [...test.labels]]).toEqual([["7", "9"], [1]]);
    const known = await openDataset(dataSpec("csv", folder.path), "test", { classes: ["5", "7", "9"] });
    expect([...known.labels, relative(folder.path, known.describe(0))]).toEqual([2, "b.jpg"]);
  });
});
