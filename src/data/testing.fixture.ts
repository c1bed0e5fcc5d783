/** Small data for the tests of this folder. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { crc32, deflateSync } from "node:zlib";
import { DataError } from "../support/errors.js";
import { type Dataset, type DataSpec, sharedBytes, type Split } from "./dataset.js";
import type { LoaderOptions } from "./loader/loader.js";
import { inOrder } from "./samplers/sampler.js";
import { openAllTraining, openDataset } from "./registry.js";

/** A temporary folder, removed when disposed of. */
export function temporaryFolder(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), "longtail-data-"));
  return {
    path,
    [Symbol.dispose]() {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** A file of fixtures/, written by fixtures/make.py. */
export function fixturePath(name: string): string {
  return join(dirname(fileURLToPath(import.meta.url)), "fixtures", name);
}

/** Writes each file, with its folders. */
export function writeFiles(root: string, files: Record<string, string | Uint8Array>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
}

/** What a recipe says of data, with the defaults of the keys that are not given. */
export function dataSpec(
  kind: DataSpec["kind"],
  root: string | null,
  changes: Partial<DataSpec> = {},
): DataSpec {
  const files = { trainFile: null, testFile: null, classNames: null };
  const columns = { image: "image", label: "label" };
  const lists = { labels: "auto", imageFolder: null, imageExtension: null } as const;
  const testSplit = { fraction: 0.2, seed: 0, file: null };
  return {
    ...{ kind, root, ...files, columns, ...lists, testSplit },
    strict: true,
    imbalance: null,
    imbalanceSeed: 0,
    ...changes,
  };
}

/** The message of opening data that consists of these files; the folder's random name is DIR. */
export async function complaint(
  spec: Pick<DataSpec, "kind"> & Partial<DataSpec>,
  files: Record<string, string | Uint8Array>,
  split: Split = "train",
): Promise<string> {
  using folder = temporaryFolder();
  writeFiles(folder.path, files);
  try {
    const opened = dataSpec(spec.kind, folder.path, spec);
    await (split === "train" ? openAllTraining(opened) : openDataset(opened, split));
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return error.message.replaceAll(folder.path, "DIR");
  }
  throw new Error("expected an error");
}

export const jpeg = (): Uint8Array => readFileSync(fixturePath("rgb.jpg"));

/** An RGB PNG file. `declared` lies about its size. */
export function png(
  height: number,
  width: number,
  { value = () => 0, declared = [height, width] as const, bits = 8 }: PngOptions = {},
): Uint8Array {
  const bytes = bits / 8;
  const rowSize = 1 + 3 * bytes * width; // a byte that names the row's filter comes first
  const rows = Buffer.alloc(height * rowSize);
  for (let y = 0; y < height; y++)
    for (let i = 0; i < 3 * width; i++)
      rows.writeUIntBE(value(y, Math.floor(i / 3), i % 3), y * rowSize + 1 + i * bytes, bytes);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(declared[1], 0);
  header.writeUInt32BE(declared[0], 4);
  header.set([bits, 2], 8); // 2: RGB
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.of()),
  ]);
}

interface PngOptions {
  value?: (y: number, x: number, channel: number) => number;
  declared?: readonly [number, number];
  /** Of a value. */
  bits?: 8 | 16;
}

function chunk(kind: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(kind, "latin1"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** CIFAR records: the label bytes, then 3072 bytes that hold the record's number. */
export function records(labels: readonly number[], { coarse = false } = {}): Uint8Array {
  return Buffer.concat(
    labels.map((label, record) =>
      Buffer.concat([Buffer.from(coarse ? [0, label] : [label]), Buffer.alloc(3072, record % 256)]),
    ),
  );
}

/** Images in memory, [N, 3, side, side]; pixel byte i of image n is value(n, i). */
export function packedDataset(
  size: number,
  side: number,
  value: (image: number, byte: number) => number,
): Dataset {
  const perImage = 3 * side * side;
  const bytes = sharedBytes(size * perImage);
  for (let i = 0; i < bytes.length; i++) bytes[i] = value(Math.floor(i / perImage), i % perImage);
  return {
    kind: "cifar10",
    root: "memory",
    split: "train",
    classes: ["even", "odd"],
    labels: Int32Array.from({ length: size }, (_, image) => image % 2),
    size,
    pixels: { kind: "packed", bytes, height: side, width: side },
    describe: (index) => `image ${index}`,
  };
}

/** Options that leave values as they are, times 1/255. */
export function plainOptions(dataset: Dataset, imageSize: number): LoaderOptions {
  return {
    dataset,
    imageSize,
    transforms: [],
    mean: [0, 0, 0],
    std: [1, 1, 1],
    batch: 4,
    sampler: inOrder(dataset.size),
    dropLast: false,
    seed: 0,
    workers: 2,
    memoryFormat: "channels_last",
  };
}
