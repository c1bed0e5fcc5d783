import { formatOf, IMAGE_FORMATS } from "../../data/formats/reading/content.js";
import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { DataError } from "../../support/errors.js";
import type { Dataset, DataSpec, PackedPixels, SpanPixels, Split } from "../../data/dataset.js";
import { openAllTraining, openDataset } from "../../data/registry.js";
import type { RgbImage } from "../../data/vision.js";
import { newFolder, writeTogether } from "../output-set.js";
import { writeAnnotations } from "./annotation-file.js";
import { annotationsOf, summaryOf, type ConvertedImages, toRgb } from "./converted-images.js";
import { ImageWriter, type ImageFile, type WriterOptions, type WrittenImages } from "./image-writer.js";

/** Opens the images of a split; of data without test images all of them are training images. */
export function openToConvert(data: DataSpec, split: Split): Promise<Dataset> {
  return split === "train" ? openAllTraining(data) : openDataset(data, split);
}

export interface ImagesConversion extends Pick<WriterOptions, "format" | "quality"> {
  /** Gets SPLIT/CLASS/SPLIT_NUMBER.png and SPLIT.json. */
  readonly out: string;
  /** Replace what is there. */
  readonly force: boolean;
  /** Throws to end the conversion. */
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
}

/**
 * Writes the images of any data set as files in a folder a class, with annotation JSON beside it. Pixels are encoded,
 * image files (also those in archives) are copied byte for byte. The folder and its JSON appear together, whole or not at all.
 *
 * @throws DataError that names an image which is of no format that is decoded
 */
export async function convertImages(dataset: Dataset, options: ImagesConversion): Promise<ConvertedImages> {
  const { out, force: replace } = options;
  const { split } = dataset;
  const names = [split, `${split}.json`];
  const written = await writeTogether({ out, names, replace }, async (temporary) => {
    const images = await write(dataset, newFolder(temporary, split), options);
    writeAnnotations(join(temporary, `${split}.json`), annotationsOf(images, split));
    return images;
  });
  return { folder: join(out, split), annotations: join(out, `${split}.json`), ...summaryOf(written) };
}

async function write(dataset: Dataset, folder: string, options: ImagesConversion): Promise<WrittenImages> {
  const { split, classes, labels, size } = dataset;
  const writer = new ImageWriter(folder, { ...options, split, classes });
  for (let image = 0; image < size; image++) {
    if (!writer.add({ label: labels[image]!, content: contentOf(dataset, image) })) continue;
    options.onProgress({ done: image + 1, total: size });
    await nextTurn(); // signals are handled between turns
  }
  return writer.finish();
}

function contentOf(dataset: Dataset, image: number): RgbImage | ImageFile {
  const { pixels } = dataset;
  switch (pixels.kind) {
    case "packed":
      return unpacked(pixels, image);
    case "files":
      return fileOf(readFileSync(pixels.paths[image]!), dataset, image);
    case "spans":
      return fileOf(readSpan(pixels, image), dataset, image);
    case "encoded":
      return fileOf(pixels.bytes.slice(pixels.offsets[image], pixels.offsets[image + 1]), dataset, image);
    default:
      return pixels satisfies never;
  }
}

function unpacked({ bytes, height, width }: PackedPixels, image: number): RgbImage {
  const size = 3 * height * width;
  const planes = bytes.subarray(image * size, (image + 1) * size);
  return { height, width, pixels: toRgb(planes, { depth: 3, layout: "cifar", channels: "rgb" }) };
}

function readSpan({ files, file, offsets, lengths }: SpanPixels, image: number): Uint8Array {
  const bytes = new Uint8Array(lengths[image]!);
  const handle = openSync(files[file[image]!]!, "r");
  try {
    for (let filled = 0; filled < bytes.length;) {
      const got = readSync(handle, bytes, filled, bytes.length - filled, offsets[image]! + filled);
      if (got === 0) break; // what is there is not an image, or a truncated one
      filled += got;
    }
  } finally {
    closeSync(handle);
  }
  return bytes;
}

function fileOf(bytes: Uint8Array, dataset: Dataset, image: number): ImageFile {
  const extension = formatOf(bytes)?.extensions[0];
  if (extension !== undefined) return { bytes, extension, height: undefined, width: undefined };
  throw new DataError(`${dataset.describe(image)}: expected a ${IMAGE_FORMATS} image, found other content.`);
}
