import { maxOf } from "../../support/math.js";
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Split } from "../../data/dataset.js";
import { vision, type RgbImage } from "../../data/vision.js";
import { DataError } from "../../support/errors.js";

/** An image file in memory. */
export interface ImageFile {
  readonly bytes: Uint8Array;
  readonly extension: string;
  /** Where they are known. */
  readonly height: number | undefined;
  readonly width: number | undefined;
}

export interface LabeledImage {
  readonly label: number;
  /** Its memory must stay as it is until the image is written. */
  readonly content: RgbImage | ImageFile;
}

export interface WriterOptions {
  readonly split: Split;
  readonly format: "png" | "jpeg";
  /** Of JPEG, 1 to 100. */
  readonly quality: number;
  /** In the order of the labels; null: the labels' numbers, as many as there are. */
  readonly classes: readonly string[] | null;
}

export interface WrittenImage {
  readonly label: number;
  readonly name: string;
  readonly im_height?: number;
  readonly im_width?: number;
}

export interface WrittenImages {
  readonly images: readonly WrittenImage[];
  readonly classes: readonly string[];
  /** A folder's name for each class. */
  readonly folders: readonly string[];
}

/** Images that are encoded side by side; what is in memory at a time. */
const BATCH = 64;

/** Writes images as CLASS/SPLIT_NUMBER.png into a folder: pixels are encoded, image files stay as they are. */
export class ImageWriter {
  readonly #options: WriterOptions;
  readonly #folder: string;
  readonly #images: WrittenImage[] = [];
  readonly #labels = new Set<number>();
  #batch: LabeledImage[] = [];

  constructor(folder: string, options: WriterOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /** Images written so far. */
  get count(): number {
    return this.#images.length;
  }

  /** Returns whether images were written: a good moment to say how far it is. */
  add(image: LabeledImage): boolean {
    this.#batch.push(image);
    if (this.#batch.length < BATCH) return false;
    this.#writeBatch();
    return true;
  }

  /** Writes what is left. How many classes there are is known now: their folders get their names. */
  finish(): WrittenImages {
    this.#writeBatch();
    const count = this.#labels.size === 0 ? 0 : maxOf(this.#labels) + 1;
    const classes = this.#options.classes ?? Array.from({ length: count }, (_, label) => String(label));
    const folders = classFolders(classes);
    const rename = (from: (label: number) => string, to: (label: number) => string): void => {
      for (const label of this.#labels)
        renameSync(join(this.#folder, from(label)), join(this.#folder, to(label)));
    };
    // In two rounds: a class's name may be another's number.
    rename(String, (label) => `.${label}`);
    rename(
      (label) => `.${label}`,
      (label) => folders[label]!,
    );
    return { images: this.#images, classes, folders };
  }

  #writeBatch(): void {
    const files = this.#encoded(this.#batch.map(({ content }) => content));
    this.#batch.forEach(({ label, content: { height, width } }, i) => {
      const { bytes, extension } = files[i]!;
      const name = `${this.#options.split}_${String(this.#images.length).padStart(7, "0")}${extension}`;
      const folder = join(this.#folder, String(label));
      if (!this.#labels.has(label)) mkdirSync(folder);
      this.#labels.add(label);
      writeFileSync(join(folder, name), bytes);
      const size = height === undefined || width === undefined ? {} : { im_height: height, im_width: width };
      this.#images.push({ label, name, ...size });
    });
    this.#batch = [];
  }

  #encoded(contents: readonly (RgbImage | ImageFile)[]): { bytes: Uint8Array; extension: string }[] {
    const { format, quality } = this.#options;
    const raw = contents.filter((content) => "pixels" in content);
    const files = vision().encodeImages(raw, format, quality, availableParallelism());
    const extension = format === "png" ? ".png" : ".jpg";
    let next = 0;
    return contents.map((content) => ("pixels" in content ? { bytes: files[next++]!, extension } : content));
  }
}

/** A folder's name for each class, in sorted order where the classes are but numbers: 7 of 100 becomes 07. */
export function classFolders(classes: readonly string[]): string[] {
  const width = String(Math.max(0, classes.length - 1)).length;
  const areNumbers = classes.every((name, label) => name === String(label));
  const folders = classes.map((name) => (areNumbers ? name.padStart(width, "0") : folderName(name)));
  const places = new Map<string, number>();
  folders.forEach((folder, label) => {
    const twin = places.get(folder);
    if (twin !== undefined) {
      throw new DataError(
        `classes ${twin} ("${classes[twin] ?? ""}") and ${label} ("${classes[label] ?? ""}"): expected a folder each, both are ${folder}.`,
      );
    }
    places.set(folder, label);
  });
  return folders;
}

/** A name without what a folder's may not have; no hidden folder. */
function folderName(name: string): string {
  const safe = name
    .trim()
    .replaceAll(/[/\\\0]/g, "_")
    .replace(/^\.+/, "_");
  return safe === "" ? "_" : safe;
}
