import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, it } from "vitest";
import { openAllTraining, openDataset } from "../registry.js";
import { complaint, dataSpec, fixturePath, jpeg, temporaryFolder, writeFiles } from "../testing.fixture.js";

const image = jpeg();
const parquet = { kind: "parquet" } as const;
type Columns = Parameters<typeof parquetWriteBuffer>[0]["columnData"];

function table(columnData: Columns): Uint8Array {
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

/** A table of embedded images. */
function embedded(
  labels: (number | null)[],
  images: (Uint8Array | null)[] = labels.map(() => image),
): Uint8Array {
  return table([
    { name: "image", data: images, type: "BYTE_ARRAY" },
    { name: "label", data: labels, type: "INT32" },
  ]);
}

describe("Parquet", () => {
  it("as Hugging Face's library writes it: embedded images, names of the labels", async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, {
      "train-00000-of-00001.parquet": readFileSync(fixturePath("data/huggingface.parquet")),
    });
    const train = await openAllTraining(dataSpec("parquet", folder.path));
    expect([train.classes, [...train.labels]]).toEqual([
      ["ant", "bee"],
      [1, 0, 1],
    ]);
    expect(train.describe(2)).toBe(`${join(folder.path, "train-00000-of-00001.parquet")}, row 2`);
    if (train.pixels.kind !== "encoded") throw new Error("expected encoded images");
    const { bytes, offsets } = train.pixels;
    const png = readFileSync(fixturePath("rgb.png"));
    for (let row = 0; row < 3; row++)
      expect(png.equals(bytes.subarray(offsets[row], offsets[row + 1]))).toBe(true);
  });

  it.each(["zstd", "gzip"])("paths and names, compressed by %s", async (compression) => {
    using folder = temporaryFolder();
    const content = readFileSync(fixturePath(`data/paths-${compression}.parquet`));
    writeFiles(folder.path, { "a.png": image, "b.png": image, "lists/x.parquet": content });
    const columns = { image: "file", label: "kind" };
    const spec = dataSpec("parquet", folder.path, { trainFile: "lists", columns });
    const train = await openAllTraining(spec);
    expect([train.classes, [...train.labels]]).toEqual([
      ["ant", "wasp"],
      [1, 0, 1],
    ]);
    expect(train.describe(1)).toBe(join(folder.path, "b.png"));
  });

  it("takes several files, and bytes without a structure", async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, {
      "train-0.parquet": embedded([0, 2]),
      "train-1.parquet": embedded([1]),
      "test.parquet": embedded([2]),
    });
    const train = await openAllTraining(dataSpec("parquet", folder.path));
    expect([...train.labels]).toEqual([0, 2, 1]);
    expect((await openDataset(dataSpec("parquet", folder.path), "test")).describe(0)).toBe(
      `${join(folder.path, "test.parquet")}, row 0`,
    );
  });

  it("leaves rows out when the recipe says so", async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, { "train.parquet": embedded([0, null, 1, 5], [image, image, image, null]) });
    const { labels, leftOut = [] } = await openAllTraining(
      dataSpec("parquet", folder.path, { strict: false }),
    );
    expect([[...labels], leftOut.length]).toEqual([[0, 1], 2]);
  });

  it("says what is wrong with it", async () => {
    const of = (content: string | Uint8Array, changes = {}): Promise<string> =>
      complaint({ ...parquet, ...changes }, { "train.parquet": content, "a.png": image });
    const whole = embedded([0, 1]);
    const paths = (data: string[]): Uint8Array =>
      table([
        { name: "image", data },
        { name: "label", data: data.map(() => 0) },
      ]);
    expect({
      none: await complaint(parquet, { "a.parquet": whole }),
      noParquet: await of("image,label\n"),
      empty: await of(""),
      pointer: await of("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 900\n"),
      cut: await of(whole.subarray(0, -20)),
      damaged: await of(Buffer.from(whole).fill(0xff, 4, 80)),
      noColumns: await of(
        table([
          { name: "picture", data: ["a.png"] },
          { name: "label", data: [0] },
        ]),
      ),
      noLabels: await of(whole, { columns: { image: "image", label: "labels" } }),
      noRows: await of(
        table([
          { name: "image", data: [], type: "STRING" },
          { name: "label", data: [], type: "INT32" },
        ]),
      ),
      noImage: await of(embedded([0, 1], [image, null])),
      emptyImage: await of(embedded([0, 1], [image, new Uint8Array()])),
      noLabel: await of(embedded([0, null])),
      fraction: await of(
        table([
          { name: "image", data: ["a.png"] },
          { name: "label", data: [0.5] },
        ]),
      ),
      negative: await of(embedded([0, -1])),
      gap: await of(embedded([0, 2]), { labels: "numbers" }),
      missing: await of(paths(["a.png", "b.png"])),
    }).toMatchInlineSnapshot(`
      {
        "cut": "DIR/train.parquet: expected a whole Parquet file, found one that was cut off; download it again (parquet file invalid (footer != PAR1)). Python's pyarrow.parquet.read_table reads it where it is whole.",
        "damaged": "DIR/train.parquet: expected a whole Parquet file, found a damaged one; download it again (thrift unhandled type: 15). Python's pyarrow.parquet.read_table reads it where it is whole.",
        "empty": "DIR/train.parquet: expected a whole Parquet file, found an empty file; get it again or remove it (Offset is outside the bounds of the DataView). Python's pyarrow.parquet.read_table reads it where it is whole.",
        "emptyImage": "DIR/train.parquet, row 1: its image is empty (--no-strict, data.strict=false, leaves it out)",
        "fraction": "DIR/train.parquet, row 0: expected a label, a whole number or a name, found 0.5 (--no-strict, data.strict=false, leaves it out)",
        "gap": "DIR: class "1" has no training images; add some, or remove the class.",
        "missing": "DIR/train.parquet, row 1: no file DIR/b.png; 1 of 2 images is missing. \`longtail data replace-root\` changes where paths lead; data.imageFolder names the folder that they start in; data.strict=false leaves out what is missing.",
        "negative": "DIR/train.parquet, row 1: expected a label from 0 to 0, found -1 (--no-strict, data.strict=false, leaves it out)",
        "noColumns": "DIR/train.parquet: expected a column "image", found picture, label (data.columns.image and data.columns.label name them)",
        "noImage": "DIR/train.parquet, row 1: expected an image or its path, found nothing (--no-strict, data.strict=false, leaves it out)",
        "noLabel": "DIR/train.parquet, row 1: expected a label, a whole number or a name, found nothing (--no-strict, data.strict=false, leaves it out)",
        "noLabels": "DIR/train.parquet: expected a column "labels", found image, label; did you mean label? (data.columns.image and data.columns.label name them)",
        "noParquet": "DIR/train.parquet: expected a whole Parquet file, found text (parquet file invalid (footer != PAR1)). Python's pyarrow.parquet.read_table reads it where it is whole.",
        "noRows": "DIR/train*.parquet: expected at least one image, found none.",
        "none": "DIR/train*.parquet: expected .parquet files, found none; DIR has a.parquet (data.trainFile and data.testFile name files, a folder or a pattern).",
        "pointer": "DIR/train.parquet: expected a whole Parquet file, found a Git LFS pointer; \`git lfs pull\` gets the file itself (parquet file invalid (footer != PAR1)). Python's pyarrow.parquet.read_table reads it where it is whole.",
      }
    `);
  });
});
