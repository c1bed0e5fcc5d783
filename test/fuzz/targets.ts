/** Every reader of files that others write, with small whole files to begin from. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { tarOf } from "../../src/data/formats/reading/tar.fixture.js";
import { readClassNames } from "../../src/data/formats/class-names.js";
import { readNumpyPickle } from "../../src/data/formats/numpy-pickle.js";
import { openDataset } from "../../src/data/registry.js";
import type { DataSpec } from "../../src/data/dataset.js";
import { jpegOfHeic } from "../../src/data/heic-file.js";
import { dataSpec, fixturePath, jpeg, records } from "../../src/data/testing.fixture.js";
import { vision } from "../../src/data/vision.js";
import { loadWeights } from "../../src/models/load-weights.js";
import { METADATA_KEY, PRODUCER, readModelMetadata } from "../../src/onnx/metadata.js";
import { loadRecipe } from "../../src/recipes/load.js";
import { scope } from "../../src/torch/scope.js";
import { readReferenceCheckpoint } from "../../src/training/ncl-checkpoint.js";

export interface Target {
  /** What the file is called: some readers go by the extension. */
  readonly file: string;
  readonly seeds: () => readonly Uint8Array[];
  /** Words of the format. */
  readonly tokens: readonly string[];
  /** Reads the file; an error of any other class than LongtailError is a fault. */
  readonly read: (path: string) => unknown;
}

const NUMBERS = ["-1", "1e999", "999999", "18446744073709551616", "0x10", "NaN", "null"];
const JSON_WORDS = ["[", "]", "{", "}", ",", ":", '"', '"id":', "[[[[[[[[", '{"a":{"a":', ...NUMBERS];
const PICKLE_WORDS = [
  "(",
  ")",
  "]",
  "}",
  "a",
  "e",
  "s",
  "u",
  "t",
  "R",
  "b",
  "q\0",
  "h\0",
  "\x85",
  "\x86",
  "\x94",
  "\x81",
  "cos\nsystem\n",
  "ctorch\nFloatStorage\n",
  "X\xff\xff\xff\x7f",
  "\x8a\x08\0\0\0\0\0\0\0\x80",
  ".",
];

const BOXES = [
  "ftyp",
  "meta",
  "iloc",
  "iinf",
  "ipco",
  "ipma",
  "ispe",
  "mdat",
  "grid",
  "\0\0\0\0",
  "\xff\xff\xff\xff",
];

const fixtures = (...names: string[]): Uint8Array[] => names.map((name) => readFileSync(fixturePath(name)));
const ownFixture = (name: string): Uint8Array => readFileSync(join(import.meta.dirname, "../fixtures", name));
const texts = (...all: string[]): Uint8Array[] => all.map((text) => Buffer.from(text));

/** The images' file is beside the list. */
function dataset(kind: DataSpec["kind"]): (path: string) => Promise<unknown> {
  return (path) => openDataset(dataSpec(kind, dirname(path), { trainFile: path, strict: false }), "train");
}

function weights(path: string): void {
  for (const read of [loadWeights, readReferenceCheckpoint]) {
    using _ = scope();
    try {
      read(path);
    } catch (error) {
      if (read === readReferenceCheckpoint) throw error;
    }
  }
}

function image(path: string): void {
  const pixels = { kind: "files", paths: [path] } as const;
  const small = { kind: "resize-exact", interpolation: "bilinear", height: 8, width: 8 } as const;
  vision().inspectImages(pixels, 1, "whole");
  vision().makeThumbnails(pixels, 16, 1);
  vision().decodeImages(pixels, [{ kind: "center-crop", size: 8 }], 1);
  vision().decodeImages(pixels, [small], 1);
}

/** HEIC as Buffers are decoded: without a file in the user's cache. */
async function heic(path: string): Promise<void> {
  await jpegOfHeic(readFileSync(path), path, vision().encodeImages);
}

const images = (pattern: RegExp): Uint8Array[] =>
  ["", "jpeg", "formats"].flatMap((folder) =>
    readdirSync(fixturePath(folder))
      .filter((name) => pattern.test(name))
      .map((name) => readFileSync(join(fixturePath(folder), name))),
  );

export const targets: Readonly<Record<string, Target>> = {
  pth: {
    file: "weights.pth",
    seeds: () =>
      ["torch.pth", "torch-protocol4.pth", "torch-legacy.pth"].map((name) => ownFixture(`pth/${name}`)),
    tokens: PICKLE_WORDS,
    read: weights,
  },
  safetensors: {
    file: "weights.safetensors",
    seeds: () => [safetensors()],
    tokens: [...JSON_WORDS, '"F32"', '"BF16"', '"data_offsets":[0,8]', '"shape":[]', '"__metadata__":{}'],
    read: (path) => {
      using _ = scope();
      loadWeights(path);
    },
  },
  "cifar-pickle": {
    file: "data_batch_1",
    seeds: () => fixtures("data/cifar-protocol-2.pkl", "data/cifar-protocol-4.pkl", "data/meta.pkl"),
    tokens: PICKLE_WORDS,
    read: readNumpyPickle,
  },
  "cifar-binary": {
    file: "data_batch_1.bin",
    seeds: () => [records([0, 1, 9])],
    tokens: [],
    read: (path) => openDataset(dataSpec("cifar10", dirname(path), { strict: false }), "train"),
  },
  tar: {
    file: "train.tar",
    seeds: () => [
      ...fixtures("data/gnu.tar", "data/pax.tar"),
      tarOf({ "1.jpg": jpeg(), "1.cls": "0", "2.jpg": jpeg(), "2.json": '{"label":1}' }),
    ],
    tokens: [
      "ustar\0" + "00",
      "ustar  \0",
      "00000000000\0",
      "99999999999\0",
      "\x80\0\0\0\0\0\0\0\0\0\x01",
      "20 size=-512\n",
      "12 path=a.b\n",
    ],
    read: dataset("webdataset"),
  },
  list: {
    file: "train.txt",
    seeds: () => [...texts("a.jpg 0\na b.jpg\t1\n"), gzipSync("a.jpg 0\na.jpg 1\n")],
    tokens: [" ".repeat(200), "\n", "\r\n", "\t", "\ufeff", "\0", ...NUMBERS],
    read: dataset("list"),
  },
  csv: {
    file: "train.csv",
    seeds: () =>
      texts('image,label\na.jpg,0\n"a.jpg",1\n', "image;label\na.jpg;bee\n", "image\tlabel\na.jpg\tant\n"),
    tokens: ['"', '""', ",", ";", "\t", "\n", "\r\n", "image", "label", ...NUMBERS],
    read: dataset("csv"),
  },
  annotations: {
    file: "train.json",
    seeds: () =>
      texts(
        '{"annotations":[{"fpath":"a.jpg","image_id":0,"category_id":0},{"fpath":"a.jpg","category_id":1}],"num_classes":2,"categories":[{"id":0,"name":"ant"},{"id":1,"name":"bee"}]}',
      ),
    tokens: JSON_WORDS,
    read: dataset("annotations"),
  },
  inaturalist: {
    file: "train2018.json",
    seeds: () =>
      texts(
        '{"images":[{"id":1,"file_name":"a.jpg"},{"id":2,"file_name":"a.jpg"}],"annotations":[{"id":1,"image_id":1,"category_id":7},{"id":2,"image_id":2,"category_id":9}],"categories":[{"id":7,"name":"ant"},{"id":9,"name":"bee"}]}',
      ),
    tokens: JSON_WORDS,
    read: dataset("inaturalist"),
  },
  "class-names": {
    file: "names.json",
    seeds: () => texts('["ant","bee"]', '[{"id":0,"name":"ant"}]', "0 ant\n1 bee\n"),
    tokens: [...JSON_WORDS, " ".repeat(200), "\n"],
    read: readClassNames,
  },
  parquet: {
    file: "train.parquet",
    seeds: () => fixtures("data/huggingface.parquet", "data/paths-gzip.parquet", "data/paths-zstd.parquet"),
    tokens: ["PAR1", "\xff\xff\xff\xff\x7f", "\xff\xff\xff\xff\x0f", "\x80\x80\x80\x80\x08"],
    read: dataset("parquet"),
  },
  recipe: {
    file: "recipe.yaml",
    seeds: () => [
      ...texts(
        "name: a\nepochs: 2\ndata: &d\n  kind: cifar10-lt\n  imbalance: 100\nmethod: {kind: cross-entropy}\nx: *d\n",
      ),
      readFileSync(join(import.meta.dirname, "../ncl-recipes/cifar100_im100_NCL.yaml")),
    ],
    tokens: [
      "&a ",
      "*a",
      "[",
      "]",
      "{",
      "}",
      ": ",
      "- ",
      "\n  ",
      "!!binary ",
      "!!set ",
      "<<: *d\n",
      "? ",
      "|\n",
      ...NUMBERS,
    ],
    read: loadRecipe,
  },
  jpeg: {
    file: "image.jpg",
    seeds: () => images(/[.]jpg$/),
    tokens: [
      "\xff\xc0",
      "\xff\xc2",
      "\xff\xc4",
      "\xff\xd8",
      "\xff\xd9",
      "\xff\xda",
      "\xff\xdb",
      "\xff\xdd\0\x04\0\x01",
      "\xff\xe1",
      "\xff\xee",
      "Exif\0\0",
    ],
    read: image,
  },
  png: {
    file: "image.png",
    seeds: () => images(/[.]png$/),
    tokens: ["IHDR", "PLTE", "IDAT", "tRNS", "IEND", "iCCP", "eXIf", "\0\0\0\0"],
    read: image,
  },
  webp: {
    file: "image.webp",
    seeds: () => images(/[.]webp$/),
    tokens: ["RIFF", "VP8 ", "VP8L", "VP8X", "ALPH", "ANIM", "ANMF", "EXIF", "ICCP", "\x9d\x01\x2a"],
    read: image,
  },
  gif: {
    file: "image.gif",
    seeds: () => images(/[.]gif$/),
    tokens: ["GIF89a", "\x21\xf9\x04", "\x21\xff\x0b", "\x2c\0\0\0\0", "\x3b", "\xff\xff\xff\xff"],
    read: image,
  },
  tiff: {
    file: "image.tiff",
    seeds: () => images(/[.]tiff$/),
    tokens: [
      "II*\0",
      "MM\0*",
      "II+\0",
      "\0\x01\x03\0",
      "\x11\x01\x04\0",
      "\x16\x01",
      "\x17\x01",
      "\xff\xff\xff\xff",
    ],
    read: image,
  },
  bmp: {
    file: "image.bmp",
    seeds: () => images(/[.]bmp$/),
    tokens: ["BM", "\x28\0\0\0", "\x6c\0\0\0", "\x7c\0\0\0", "\xff\xff\xff\x7f", "\0\0\0\x80"],
    read: image,
  },
  avif: {
    file: "image.avif",
    seeds: () => images(/[.]avif$/),
    tokens: BOXES,
    read: image,
  },
  heic: {
    file: "image.heic",
    seeds: () => fixtures("profiles/phone.heic"),
    tokens: BOXES,
    read: heic,
  },
  onnx: {
    file: "model.onnx",
    seeds: () => [onnx()],
    tokens: ["\x08\x08", "\x3a", "\x72", "\xff\xff\xff\xff\x0f", "longtail", ...JSON_WORDS],
    read: (path) => readModelMetadata(readFileSync(path), path),
  },
};

/** A model's header and what longtail says in it; the graph is empty. */
function onnx(): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Varint).int64(8);
  writer.tag(2, WireType.LengthDelimited).string(PRODUCER);
  writer.tag(7, WireType.LengthDelimited).bytes(new Uint8Array(4));
  const entry = new BinaryWriter();
  entry.tag(1, WireType.LengthDelimited).string(METADATA_KEY);
  entry
    .tag(2, WireType.LengthDelimited)
    .string('{"version":1,"classes":["ant","bee"],"trainImages":[120,4]}');
  writer.tag(14, WireType.LengthDelimited).bytes(entry.finish());
  return writer.finish();
}

/** Two tensors and metadata. */
function safetensors(): Buffer {
  const header = Buffer.from(
    '{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"I64","shape":[1,1],"data_offsets":[8,16]}}',
  );
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([size, header, Buffer.alloc(16, 1)]);
}
