/** The same images, whatever they lie in. */
import { readFileSync } from "node:fs";
import { parquetWriteBuffer } from "hyparquet-writer";
import { expect, it } from "vitest";
import { scope } from "../../torch/scope.js";
import { Loader } from "../loader/loader.js";
import { openAllTraining } from "../registry.js";
import type { DataSpec } from "../dataset.js";
import { tarOf } from "./reading/tar.fixture.js";
import { dataSpec, fixturePath, plainOptions, png, temporaryFolder, writeFiles } from "../testing.fixture.js";

const images: Record<string, Uint8Array> = {
  "train/ant/1.png": png(9, 7, { value: (y, x, channel) => 20 * y + x + channel }),
  "train/ant/2.jpg": readFileSync(fixturePath("rgb.jpg")),
  "train/bee/1.webp": readFileSync(fixturePath("lossless.webp")),
  "train/bee/2.png": readFileSync(fixturePath("grey.png")),
};
const paths = Object.keys(images);
const labels = [0, 0, 1, 1];
const names = labels.map((label) => ["ant", "bee"][label]!);
const rows = (line: (path: string, index: number) => string): string => paths.map(line).join("\n");

const formats: [DataSpec["kind"], Record<string, string | Uint8Array>][] = [
  ["image-folder", images],
  ["list", { ...images, "train.txt": rows((path, i) => `${path} ${labels[i]!}`) }],
  ["csv", { ...images, "train.csv": `image,label\n${rows((path, i) => `${path},${names[i]!}`)}` }],
  ["annotations", { ...images, "train.json": annotations() }],
  ["inaturalist", { ...images, "train2018.json": inaturalist() }],
  ["webdataset", { "train.tar": tarOf(Object.fromEntries(paths.flatMap(samples))) }],
  ["parquet", { "train.parquet": parquet() }],
];

function annotations(): string {
  const records = paths.map((fpath, i) => ({ image_id: i, fpath, category_id: labels[i] }));
  return JSON.stringify({ annotations: records, num_classes: 2 });
}

function inaturalist(): string {
  return JSON.stringify({
    images: paths.map((path, id) => ({ id, file_name: path })),
    annotations: labels.map((label, id) => ({ id, image_id: id, category_id: label })),
    categories: [0, 1].map((id) => ({ id, name: ["ant", "bee"][id] })),
  });
}

function samples(path: string, i: number): [string, string | Uint8Array][] {
  return [
    [path, images[path]!],
    [path.replace(/[.]\w+$/, ".cls"), String(labels[i])],
  ];
}

function parquet(): Uint8Array {
  const columnData = [
    { name: "image", data: Object.values(images), type: "BYTE_ARRAY" as const },
    { name: "label", data: names, type: "STRING" as const },
  ];
  return new Uint8Array(parquetWriteBuffer({ columnData }));
}

/** What a shuffled epoch consists of. */
async function batches(kind: DataSpec["kind"], files: Record<string, string | Uint8Array>): Promise<unknown> {
  using folder = temporaryFolder();
  writeFiles(folder.path, files);
  const dataset = await openAllTraining(dataSpec(kind, folder.path));
  using loader = new Loader({
    ...plainOptions(dataset, 8),
    transforms: [
      { kind: "resize", interpolation: "bilinear", size: 12 },
      { kind: "random-crop", size: 8, padding: 0 },
    ],
    batch: 2,
  });
  using _ = scope();
  const found = [...loader.epoch(3)].map((batch) => [
    [...batch.indices],
    batch.labels.toList(),
    batch.images.toList(),
  ]);
  return { classes: dataset.classes, found };
}

it.each(formats)("%s", async (kind, files) => {
  expect(await batches(kind, files)).toEqual(await batches("image-folder", images));
});
