import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { readClassNames } from "../../data/formats/class-names.js";
import { DataError } from "../../support/errors.js";
import { newFolder, writeTogether } from "../output-set.js";
import { parseExample } from "../tfrecord/example.js";
import { recordImage, type ImageOptions } from "../tfrecord/image.js";
import { readTfRecords, tfRecordSize } from "../tfrecord/records.js";
import { writeAnnotations } from "./annotation-file.js";
import { annotationsOf, summaryOf, type ConvertedImages } from "./converted-images.js";
import { ImageWriter, type LabeledImage, type WriterOptions, type WrittenImages } from "./image-writer.js";

export interface TfRecordConversion extends ImageOptions, Omit<WriterOptions, "classes"> {
  readonly files: readonly string[];
  /** Gets SPLIT/CLASS/SPLIT_NUMBER.png and SPLIT.json. */
  readonly out: string;
  /** Names in the order of the labels, or the file that lists them; null: the labels' numbers. */
  readonly classNames: readonly string[] | string | null;
  /** The label that becomes class 0. */
  readonly firstLabel: number;
  /** Replace what is there. */
  readonly force: boolean;
  /** Throws to end the conversion. */
  readonly onProgress: (progress: ConversionProgress) => void;
}

export interface ConversionProgress {
  readonly images: number;
  readonly bytes: number;
  readonly totalBytes: number;
}

/** A conversion whose class names have been read. */
type NamedConversion = TfRecordConversion & { readonly classNames: readonly string[] | null };

/** More classes are a label that is none. */
const MAX_CLASSES = 1_000_000;

/**
 * Writes the images of TFRecord files as files and the reference's annotation JSON, with paths relative to `out`. The
 * folder and its JSON appear together, whole or not at all.
 *
 * @throws DataError for damaged files and records that hold no labeled image, LongtailError when the disk is full.
 */
export async function convertTfRecords(given: TfRecordConversion): Promise<ConvertedImages> {
  const { out, split, force: replace, classNames } = given;
  const options = {
    ...given,
    classNames: typeof classNames === "string" ? readClassNames(classNames) : classNames,
  };
  const names = [split, `${split}.json`];
  const written = await writeTogether({ out, names, replace }, async (temporary) => {
    const images = await writeRecords(options, newFolder(temporary, split));
    writeAnnotations(join(temporary, `${split}.json`), annotationsOf(images, split));
    return images;
  });
  return { folder: join(out, split), annotations: join(out, `${split}.json`), ...summaryOf(written) };
}

async function writeRecords(options: NamedConversion, folder: string): Promise<WrittenImages> {
  const { files, classNames: classes, onProgress } = options;
  const sizes = files.map(tfRecordSize);
  const totalBytes = sizes.reduce((sum, size) => sum + size, 0);
  const writer = new ImageWriter(folder, { ...options, classes });
  let before = 0;
  for (const [i, file] of files.entries()) {
    for (const { number, offset, data } of readTfRecords(file)) {
      const where = `${file}, record ${number} (byte ${offset})`;
      if (!writer.add(labeledImage(data, options, where))) continue;
      onProgress({ images: writer.count, bytes: before + offset, totalBytes });
      await nextTurn(); // signals are handled between turns
    }
    before += sizes[i]!;
  }
  const written = writer.finish();
  onProgress({ images: writer.count, bytes: totalBytes, totalBytes });
  return written;
}

function labeledImage(data: Uint8Array, options: NamedConversion, where: string): LabeledImage {
  const { label, content } = recordImage(exampleOf(data, where), options, where);
  const { classNames, firstLabel } = options;
  const number = label - firstLabel;
  const classes = classNames?.length ?? MAX_CLASSES;
  if (number < 0 || number >= classes) {
    throw new DataError(
      `${where}: expected a label from ${firstLabel} to ${firstLabel + classes - 1}, found ${label}.`,
    );
  }
  // The record's memory is the next record's, too.
  const own = "pixels" in content ? content : { ...content, bytes: Uint8Array.from(content.bytes) };
  return { label: number, content: own };
}

function exampleOf(data: Uint8Array, where: string): ReturnType<typeof parseExample> {
  try {
    return parseExample(data);
  } catch (error) {
    throw new DataError(`${where}: expected a tf.train.Example: ${(error as Error).message}.`, {
      cause: error,
    });
  }
}
