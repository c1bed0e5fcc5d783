import { describe, expect, it } from "vitest";
import { openAllTraining, openDataset } from "../registry.js";
import { complaint, dataSpec, jpeg, temporaryFolder, writeFiles } from "../testing.fixture.js";

const image = jpeg();
const images = { "a, b.jpg": image, "c.jpg": image, "d.jpg": image };
const csv = { kind: "csv" } as const;

describe("CSV", () => {
  it("labels may be names", async () => {
    using folder = temporaryFolder();
    const train = 'label,note,image\n\nwasp,x,"a, b.jpg"\nant bear,"two\nlines",c.jpg\n7,,d.jpg\n';
    writeFiles(folder.path, { ...images, "train.csv": train, "test.csv": "image,label\nd.jpg,7\n" });
    const dataset = await openAllTraining(dataSpec("csv", folder.path));
    expect([dataset.classes, [...dataset.labels]]).toEqual([
      ["7", "ant bear", "wasp"],
      [2, 1, 0],
    ]);
    expect([...(await openDataset(dataSpec("csv", folder.path), "test")).labels]).toEqual([0]);
  });

  it("labels may be numbers, columns have other names, fields be separated by tabs", async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, { ...images, "t.tsv": "File\tClass\r\nc.jpg\t1\r\na, b.jpg\t0\r\n" });
    const columns = { image: "File", label: "Class" };
    const spec = dataSpec("csv", folder.path, { trainFile: "t.tsv", columns });
    const dataset = await openAllTraining(spec);
    expect([dataset.classes, [...dataset.labels]]).toEqual([
      ["0", "1"],
      [1, 0],
    ]);
  });

  it("says what is wrong with it", async () => {
    const of = (train: string, changes = {}): Promise<string> =>
      complaint({ ...csv, ...changes }, { ...images, "train.csv": train });
    expect({
      noFile: await complaint(csv, images),
      empty: await of(""),
      headerOnly: await of("image,label\n"),
      noColumn: await of("images,label\nc.jpg,1\n"),
      noSuchColumn: await of("image,label\nc.jpg,1\n", { columns: { image: "image", label: "class" } }),
      short: await of("image,label\nc.jpg\n"),
      noLabel: await of("image,label\nc.jpg,0\nd.jpg,\n"),
      quotes: await of('image,label\n"c.jpg,0\n'),
      negative: await of("image,label\nc.jpg,0\nd.jpg,-1\n"),
      lineBreak: await of('image,label\nc.jpg,ant\nd.jpg,"bee\nfinished"\n'),
      missing: await of("image,label\nc.jpg,ant\ne.jpg,bee\n"),
      unknown: await complaint(
        csv,
        { ...images, "train.csv": "image,label\nc.jpg,ant\n", "test.csv": "image,label\nc.jpg,bee\n" },
        "test",
      ),
    }).toMatchInlineSnapshot(`
      {
        "empty": "DIR/train.csv: expected a column "image", found none (data.columns.image and data.columns.label name them)",
        "headerOnly": "DIR/train.csv: expected at least one image, found none.",
        "lineBreak": "DIR/train.csv, line 4: expected a path and a label of one line, found a line break (--no-strict, data.strict=false, leaves it out)",
        "missing": "DIR/train.csv, line 3: no file DIR/e.jpg; 1 of 2 images is missing. \`longtail data replace-root\` changes where paths lead; data.imageFolder names the folder that they start in; data.strict=false leaves out what is missing.",
        "negative": "DIR/train.csv, line 3: expected a label from 0 to 0, found -1 (--no-strict, data.strict=false, leaves it out)",
        "noColumn": "DIR/train.csv: expected a column "image", found images, label; did you mean images? (data.columns.image and data.columns.label name them)",
        "noFile": "DIR/train.csv: file not found; DIR has 3 images. data.trainFile names another (from the data folder, or a full path).",
        "noLabel": "DIR/train.csv, line 3: expected a path and a label, found an empty field (--no-strict, data.strict=false, leaves it out)",
        "noSuchColumn": "DIR/train.csv: expected a column "class", found image, label (data.columns.image and data.columns.label name them)",
        "quotes": "DIR/train.csv, line 2: expected a closing quote ("), found the end of the file.",
        "short": "DIR/train.csv, line 2: expected 2 fields, found 1 (--no-strict, data.strict=false, leaves it out)",
        "unknown": "DIR/test.csv, line 2: "bee" is not the one class (--no-strict, data.strict=false, leaves it out)",
      }
    `);
  });
});
