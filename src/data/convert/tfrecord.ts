import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { requireAbsent, writeFolderAtomic } from "../../support/atomic-folder.js";
import { DataError } from "../../support/errors.js";
import type { Split } from "../dataset.js";
import { parseExample } from "../tfrecord/example.js";
import { recordImage, type ImageFile, type ImageOptions, type RecordImage } from "../tfrecord/image.js";
import { readTfRecords, tfRecordSize } from "../tfrecord/records.js";
import { vision, type RgbImage } from "../vision.js";
import { writeAnnotations, type ImageAnnotation } from "./annotation-file.js";
import { classFolders } from "./class-folders.js";

export interface TfRecordConversion extends ImageOptions {
  readonly files: readonly string[];
  /** Gets SPLIT/CLASS/NUMBER.png and SPLIT.json. */
  readonly out: string;
  readonly split: Split;
  readonly format: "png" | "jpeg";
  /** Of JPEG, 1 to 100. */
  readonly quality: number;
  /** In the order of the labels; null: the labels' numbers. */
  readonly classNames: readonly string[] | null;
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

export interface ConvertedImages {
  readonly folder: string;
  readonly annotations: string;
  readonly images: number;
  /** Images of each class. */
  readonly counts: readonly number[];
  readonly classes: readonly string[];
}

/** Images that are encoded side by side; what is in memory at a time. */
const BATCH = 64;
/** More classes are a label that is none. */
const MOST_CLASSES = 1_000_000;

/**
 * Writes the images of TFRecord files as files and the reference's annotation JSON, with paths relative to `out`. The
 * folder appears whole or not at all.
 *
 * @throws DataError for damaged files and records that hold no labelled image, LongtailError when the disk is full.
 */
export async function convertTfRecords(options: TfRecordConversion): Promise<ConvertedImages> {
  const { out, split, force: replace } = options;
  const folder = join(out, split);
  const annotations = `${folder}.json`;
  requireAbsent(annotations, { replace });
  const written = await writeFolderAtomic(folder, { replace }, (temporary) =>
    new Conversion(options, temporary).run(),
  );
  writeAnnotations(annotations, {
    annotations: written.images.map(({ label, name, ...rest }, image_id): ImageAnnotation => {
      return { image_id, fpath: join(split, written.folders[label]!, name), ...rest, category_id: label };
    }),
    num_classes: written.classes.length,
  });
  const counts = written.classes.map(() => 0);
  for (const { label } of written.images) counts[label]! += 1;
  return { folder, annotations, images: written.images.length, counts, classes: written.classes };
}

interface WrittenImage {
  readonly label: number;
  readonly name: string;
  readonly im_height?: number;
  readonly im_width?: number;
}

interface Written {
  readonly images: readonly WrittenImage[];
  readonly classes: readonly string[];
  readonly folders: readonly string[];
}

/** Fills one folder. */
class Conversion {
  private readonly images: WrittenImage[] = [];
  private readonly labels = new Set<number>();
  private batch: RecordImage[] = [];

  constructor(
    private readonly options: TfRecordConversion,
    private readonly folder: string,
  ) {}

  async run(): Promise<Written> {
    const { files, onProgress } = this.options;
    const sizes = files.map(tfRecordSize);
    const totalBytes = sizes.reduce((sum, size) => sum + size, 0);
    let before = 0;
    for (const [i, file] of files.entries()) {
      for (const { number, offset, data } of readTfRecords(file)) {
        this.add(data, `${file}, record ${number} (byte ${offset})`);
        if (this.batch.length < BATCH) continue;
        this.writeBatch();
        onProgress({ images: this.images.length, bytes: before + offset, totalBytes });
        await nextTurn(); // signals are heard between turns
      }
      before += sizes[i]!;
    }
    this.writeBatch();
    onProgress({ images: this.images.length, bytes: totalBytes, totalBytes });
    return this.named();
  }

  private add(data: Uint8Array, where: string): void {
    const { label, content } = recordImage(exampleOf(data, where), this.options, where);
    const { classNames, firstLabel } = this.options;
    const number = label - firstLabel;
    const classes = classNames?.length ?? MOST_CLASSES;
    if (number < 0 || number >= classes) {
      throw new DataError(
        `${where}: expected a label from ${firstLabel} to ${firstLabel + classes - 1}, found ${label}.`,
      );
    }
    // The record's memory is the next record's, too.
    const own = "pixels" in content ? content : { ...content, bytes: Uint8Array.from(content.bytes) };
    this.batch.push({ label: number, content: own });
  }

  private writeBatch(): void {
    const { split } = this.options;
    const files = this.encoded(this.batch.map(({ content }) => content));
    this.batch.forEach(({ label, content }, i) => {
      const { bytes, extension } = files[i]!;
      const name = `${split}_${String(this.images.length).padStart(7, "0")}${extension}`;
      const folder = join(this.folder, String(label));
      if (!this.labels.has(label)) mkdirSync(folder);
      this.labels.add(label);
      writeFileSync(join(folder, name), bytes);
      const { height, width } = content;
      const size = height === undefined || width === undefined ? {} : { im_height: height, im_width: width };
      this.images.push({ label, name, ...size });
    });
    this.batch = [];
  }

  /** Pixels as image files, in the same order; image files stay. */
  private encoded(contents: readonly (RgbImage | ImageFile)[]): { bytes: Uint8Array; extension: string }[] {
    const { format, quality } = this.options;
    const raw = contents.filter((content) => "pixels" in content);
    const files = vision().encodeImages(raw, format, quality, availableParallelism());
    const extension = format === "png" ? ".png" : ".jpg";
    let next = 0;
    return contents.map((content) => ("pixels" in content ? { bytes: files[next++]!, extension } : content));
  }

  /** How many classes there are is known at the end: their folders get their names now. */
  private named(): Written {
    const count = this.options.classNames?.length ?? Math.max(...this.labels) + 1;
    const classes = this.options.classNames ?? Array.from({ length: count }, (_, label) => String(label));
    const folders = classFolders(classes);
    for (const label of this.labels)
      renameSync(join(this.folder, String(label)), join(this.folder, `.${label}`));
    for (const label of this.labels)
      renameSync(join(this.folder, `.${label}`), join(this.folder, folders[label]!));
    return { images: this.images, classes, folders };
  }
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
