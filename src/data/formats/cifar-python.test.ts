import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Dataset } from "../dataset.js";
import { openAllTraining, openDataset } from "../registry.js";
import { complaint, dataSpec, fixturePath, temporaryFolder, writeFiles } from "../testing.fixture.js";

const cifar100 = { kind: "cifar100" } as const;
const each = (n: number): number[] => Array.from({ length: n }, (_, label) => label);
const pixels = (count: number): Buffer =>
  Buffer.from(each(count * 3072).map((byte) => Math.floor(byte / 3072)));

// ---- Pickles of protocol 2 as Python 2's cPickle writes them: its texts are bytes.
const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const raw = (text: string): Buffer => Buffer.from(text, "latin1");
const short = (text: string): Buffer => raw(`U${String.fromCharCode(text.length)}${text}`);
const number = (value: number): Buffer => Buffer.concat([raw("J"), uint32(value)]);
const list = (items: Buffer[]): Buffer => Buffer.concat([raw("]("), ...items, raw("e")]);
const RECONSTRUCT = "cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85U\u0001b\x87R";
const UINT8 =
  "cnumpy\ndtype\nU\u0002u1K\0K\u0001\x87R(K\u0003U\u0001|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb";

function array(bytes: Buffer, rows = bytes.length / 3072): Buffer {
  const shape = Buffer.concat([number(rows), number(3072), raw("\x86")]);
  const content = Buffer.concat([raw("T"), uint32(bytes.length), bytes]);
  return Buffer.concat([raw(`${RECONSTRUCT}(K\u0001`), shape, raw(`${UINT8}\x89`), content, raw("tb")]);
}

function pickle(entries: Record<string, Buffer>): Buffer {
  const items = Object.entries(entries).flatMap(([key, value]) => [short(key), value]);
  return Buffer.concat([raw("\x80\u0002}("), ...items, raw("u.")]);
}

const meta = pickle({ fine_label_names: list(each(100).map((label) => short(`class ${label}`))) });
const batch = (labels: number[]): Buffer =>
  pickle({
    batch_label: short("training batch 1 of 1"),
    fine_labels: list(labels.map(number)),
    data: array(pixels(labels.length)),
  });

function firstBytes({ pixels: found, size }: Dataset): number[] {
  if (found.kind !== "packed") throw new Error("expected packed pixels");
  return each(size).map((image) => found.bytes[image * 3072]!);
}

describe("CIFAR's Python version", () => {
  it.each(["", "cifar-100-python/"])("opens CIFAR-100 in DIR/%s", async (inside) => {
    using folder = temporaryFolder();
    writeFiles(folder.path, {
      [`${inside}meta`]: meta,
      [`${inside}train`]: batch([...each(100), 7]),
      [`${inside}test`]: batch([99]),
    });
    const train = await openAllTraining(dataSpec("cifar100", folder.path));
    expect([...train.labels]).toEqual([...each(100), 7]);
    expect(train.classes[99]).toBe("class 99");
    expect(firstBytes(train).slice(-2)).toEqual([99, 100]);
    expect(train.describe(100)).toBe(join(folder.path, `${inside}train, record 100`));
    expect([...(await openDataset(dataSpec("cifar100", folder.path), "test")).labels]).toEqual([99]);
  });

  it("opens CIFAR-10", async () => {
    using folder = temporaryFolder();
    const ten = (labels: number[]): Buffer =>
      pickle({ data: array(pixels(labels.length)), labels: list(labels.map(number)) });
    writeFiles(folder.path, {
      "batches.meta": pickle({ label_names: list(each(10).map((label) => short(String(label)))) }),
      data_batch_1: ten(each(10)),
      data_batch_2: ten([4, 4]),
      test_batch: ten([5]),
    });
    expect([...(await openAllTraining(dataSpec("cifar10", folder.path))).labels]).toEqual([
      ...each(10),
      4,
      4,
    ]);
  });

  it.each(["cifar-protocol-2.pkl", "cifar-protocol-4.pkl"])("reads %s, which NumPy 2 wrote", async (name) => {
    using folder = temporaryFolder();
    writeFiles(folder.path, {
      meta,
      train: batch(each(100)),
      test: readFileSync(fixturePath(`data/${name}`)),
    });
    const test = await openDataset(dataSpec("cifar100", folder.path), "test");
    expect([...test.labels]).toEqual([3, 99]);
    if (test.pixels.kind !== "packed") throw new Error("expected packed pixels");
    expect([...test.pixels.bytes]).toEqual(
      [0, 1].flatMap((n) => each(3072).map((b) => (n + (b % 251)) % 256)),
    );
  });

  it("says what is wrong with the files", async () => {
    const of = (train: Buffer, files = {}): Promise<string> => complaint(cifar100, { meta, train, ...files });
    const good = batch(each(100));
    expect({
      noNames: await complaint(cifar100, { train: good }),
      fewNames: await of(good, { meta: pickle({ fine_label_names: list([short("ant")]) }) }),
      cut: await of(good.subarray(0, 5000)),
      noPickle: await of(raw("no pickle")),
      noDictionary: await of(raw("\x80\u0002].")),
      noData: await of(pickle({ fine_labels: list([number(1)]) })),
      noLabels: await of(pickle({ data: array(pixels(1)), coarse_labels: list([number(1)]) })),
      fewLabels: await of(pickle({ data: array(pixels(2)), fine_labels: list([number(1)]) })),
      fewBytes: await of(pickle({ data: array(pixels(2), 3), fine_labels: list([1, 2, 3].map(number)) })),
      label: await of(pickle({ data: array(pixels(2)), fine_labels: list([number(1), number(100)]) })),
      negative: await of(pickle({ data: array(pixels(1)), fine_labels: list([raw("J\xff\xff\xff\xff")]) })),
      code: await of(raw("\x80\u0002cos\nsystem\nU\u0004exit\x85R.")),
      emptyClass: await of(batch(each(99))),
    }).toMatchInlineSnapshot(`
      {
        "code": "DIR/train: refers to os.system, which images have no need of; nothing of it was run.",
        "cut": "DIR/train: truncated: expected 307200 more bytes at byte 687, found 4313",
        "emptyClass": "DIR: class "class 99" has no training images; add some, or remove the class.",
        "fewBytes": "DIR/train: expected "data", uint8 [N, 3072].",
        "fewLabels": "DIR/train: expected a label for each of 2 images, found 1.",
        "fewNames": "DIR/meta: expected 100 class names, found 1.",
        "label": "DIR/train, record 1: expected a label below 100, found 100.",
        "negative": "DIR/train, record 0: expected a label below 100, found -1.",
        "noData": "DIR/train: expected "data", uint8 [N, 3072].",
        "noDictionary": "DIR/train: expected a pickled dictionary.",
        "noLabels": "DIR/train: expected "fine_labels", a list of whole numbers.",
        "noNames": "DIR/meta: file not found; expected train, test, meta.",
        "noPickle": "DIR/train: damaged: operation 0x6e is unknown (byte 1 of the pickle)",
      }
    `);
  });
});
