import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openAllTraining, openDataset } from "../registry.js";
import { classStatistics } from "../statistics.js";
import { complaint, dataSpec, records, temporaryFolder, writeFiles } from "../testing.fixture.js";

const TEN = "airplane automobile bird cat deer dog frog horse ship truck".split(" ");
const HUNDRED = Array.from({ length: 100 }, (_, i) => `class ${i}`);
const each = (n: number): number[] => Array.from({ length: n }, (_, label) => label);

const CIFAR10 = {
  "data_batch_1.bin": records([...each(10), 3]),
  "data_batch_2.bin": records([9, 9]),
  "test_batch.bin": records([1, 0]),
  "batches.meta.txt": `${TEN.join("\n")}\n\n`,
};
const CIFAR100 = {
  "train.bin": records([...each(100), 7], { coarse: true }),
  "test.bin": records([99], { coarse: true }),
  "fine_label_names.txt": HUNDRED.join("\n"),
};

describe("CIFAR's binary version", () => {
  it.each(["", "cifar-10-batches-bin/"])("opens CIFAR-10 in DIR/%s", async (inside) => {
    using folder = temporaryFolder();
    writeFiles(
      folder.path,
      Object.fromEntries(Object.entries(CIFAR10).map(([name, c]) => [inside + name, c])),
    );
    const train = await openAllTraining(dataSpec("cifar10", folder.path));
    expect(train.classes).toEqual(TEN);
    expect([...train.labels]).toEqual([...each(10), 3, 9, 9]);
    expect(train.describe(12)).toBe(join(folder.path, `${inside}data_batch_2.bin, record 1`));
    expect(classStatistics(train)).toEqual({
      classes: TEN,
      counts: [1, 1, 1, 2, 1, 1, 1, 1, 1, 3],
      total: 13,
      imbalance: 3,
    });
    if (train.pixels.kind !== "packed") throw new Error("expected packed pixels");
    const firstOf = (image: number): number | undefined =>
      train.pixels.kind === "packed" ? train.pixels.bytes[image * 3072] : undefined;
    expect([0, 10, 11, 12].map(firstOf)).toEqual([0, 10, 0, 1]);
    expect([...(await openDataset(dataSpec("cifar10", folder.path), "test")).labels]).toEqual([1, 0]);
  });

  it("opens CIFAR-100 with its fine labels", async () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, CIFAR100);
    const train = await openAllTraining(dataSpec("cifar100", folder.path));
    expect([...train.labels]).toEqual([...each(100), 7]);
    expect(train.classes).toEqual(HUNDRED);
    expect((await openDataset(dataSpec("cifar100", folder.path), "test")).labels).toEqual(Int32Array.of(99));
  });

  it("says what is wrong with the files", async () => {
    const { "test.bin": test, "fine_label_names.txt": names } = CIFAR100;
    expect({
      empty: await complaint({ kind: "cifar10" }, {}),
      otherKind: await complaint({ kind: "cifar10" }, CIFAR100),
      noTest: await complaint(
        { kind: "cifar100" },
        { "train.bin": test, "fine_label_names.txt": names },
        "test",
      ),
      noNames: await complaint({ kind: "cifar100" }, { "train.bin": test }),
      fewNames: await complaint({ kind: "cifar100" }, { ...CIFAR100, "fine_label_names.txt": "apple\n" }),
      cut: await complaint(
        { kind: "cifar100" },
        {
          ...CIFAR100,
          "train.bin": records(each(100), { coarse: true }).subarray(0, 5000),
        },
      ),
      noRecord: await complaint({ kind: "cifar100" }, { ...CIFAR100, "train.bin": "" }),
      label: await complaint({ kind: "cifar10" }, { ...CIFAR10, "data_batch_2.bin": records([9, 10]) }),
      emptyClass: await complaint(
        { kind: "cifar10" },
        { ...CIFAR10, "data_batch_1.bin": records([0, 1, 2]) },
      ),
    }).toMatchInlineSnapshot(`
      {
        "cut": "DIR/train.bin: expected whole records of 3074 bytes, found 5000 bytes: 1 record and 1926 bytes more.",
        "empty": "DIR: expected CIFAR-10's binary version (data_batch_1.bin … data_batch_5.bin, test_batch.bin, batches.meta.txt) or its Python version (data_batch_1 … data_batch_5, test_batch, batches.meta); found no file for the train split.",
        "emptyClass": "DIR: class "cat" has no training images; add some, or remove the class.",
        "fewNames": "DIR/fine_label_names.txt: expected 100 class names, found 1.",
        "label": "DIR/data_batch_2.bin, record 1: expected a label below 10, found 10.",
        "noNames": "DIR/fine_label_names.txt: file not found; expected train.bin, test.bin, fine_label_names.txt.",
        "noRecord": "DIR/train.bin: expected whole records of 3074 bytes, found 0 bytes: 0 records and 0 bytes more.",
        "noTest": "DIR: expected CIFAR-100's binary version (train.bin, test.bin, fine_label_names.txt) or its Python version (train, test, meta); found no file for the test split.",
        "otherKind": "DIR: expected CIFAR-10's binary version (data_batch_1.bin … data_batch_5.bin, test_batch.bin, batches.meta.txt) or its Python version (data_batch_1 … data_batch_5, test_batch, batches.meta); found no file for the train split.",
      }
    `);
  });

  it("says that the folder is missing, and what it must hold", async () => {
    await expect(
      openAllTraining(dataSpec("cifar10", "/no/such/folder")),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[DataError: /no/such/folder: data folder not found; expected CIFAR-10's binary version (data_batch_1.bin … data_batch_5.bin, test_batch.bin, batches.meta.txt) or its Python version (data_batch_1 … data_batch_5, test_batch, batches.meta).]`,
    );
    await expect(openAllTraining(dataSpec("cifar10", null))).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: No data folder: expected --data DIR.]`,
    );
  });
});
