/** HEIC photographs, which the decoders of native/vision do not know: libheif, compiled to WebAssembly, turns them into JPEGs. */
import { readFileSync, readSync, closeSync } from "node:fs";
import { createRequire } from "node:module";
import { LIMITS, shortened } from "../support/budget.js";
import { DataError } from "../support/errors.js";
import { openRegularFile } from "../support/regular-file.js";
import { formatOf } from "./formats/reading/content.js";
import type { ImageInput } from "./image-input.js";
import type { RgbImage } from "./vision.js";

/** Bytes that tell a HEIC file. */
const START = 12;
/** Of the JPEG, with colors at full resolution. */
const QUALITY = 95;
/** Bytes of a color profile that fit into one segment of a JPEG. */
const MAX_PROFILE = 65_519;

/** What the addons export to write JPEG files. */
export type EncodeJpeg = (
  images: readonly RgbImage[],
  format: "jpeg",
  quality: number,
  threads: number,
) => Buffer[];

/** A HEIC file that is cut, damaged or too large. */
export class DamagedHeicError extends DataError {}

/** The part of libheif-js that is used. */
interface Libheif {
  readonly HeifDecoder: new () => { decode(bytes: Uint8Array): readonly HeifImage[] };
}
interface HeifImage {
  get_width(): number;
  get_height(): number;
  display(to: Rgba, done: (shown: Rgba | null) => void): void;
  free(): void;
}
interface Rgba {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
}

/** Whether a file is HEIC by its content; false for one that cannot be read. */
export function isHeicFile(path: string): boolean {
  try {
    const file = openRegularFile(path);
    try {
      const bytes = Buffer.alloc(START);
      return isHeic(bytes.subarray(0, readSync(file, bytes)));
    } finally {
      closeSync(file);
    }
  } catch {
    return false; // who reads it says why not
  }
}

export function isHeic(content: Uint8Array): boolean {
  return formatOf(content)?.format === "heic";
}

/**
 * The images with the content of a JPEG in place of each HEIC file, or the error of one that cannot be decoded.
 *
 * @param first index of the first image among all, for messages.
 */
export async function withoutHeic(
  images: readonly ImageInput[],
  first: number,
  encode: EncodeJpeg,
): Promise<(ImageInput | DataError)[]> {
  const readable: (ImageInput | DataError)[] = [];
  for (const [index, image] of images.entries()) {
    const content = heicContent(image);
    if (content === null) readable.push(image);
    else {
      const name = typeof image === "string" ? image : `image ${first + index}`;
      readable.push(
        await jpegOfHeic(content, name, encode).catch((error: unknown) => {
          if (error instanceof DataError) return error;
          throw error;
        }),
      );
    }
  }
  return readable;
}

function heicContent(image: ImageInput): Uint8Array | null {
  if (typeof image === "string") return isHeicFile(image) ? readFileSync(image) : null;
  return image instanceof Uint8Array && isHeic(image) ? image : null;
}

/**
 * A JPEG of a HEIC file's first image, with the same color profile.
 *
 * @param name of the file, for messages.
 * @throws DamagedHeicError when it cannot be decoded; DataError when libheif-js is not installed.
 */
export async function jpegOfHeic(content: Uint8Array, name: string, encode: EncodeJpeg): Promise<Buffer> {
  const { HeifDecoder } = libheif(name);
  requireSize(name, content);
  using account = new LibraryAccount();
  const images = new HeifDecoder().decode(content);
  const [image] = images;
  try {
    if (image === undefined) throw damaged(name, account);
    const [width, height] = [image.get_width(), image.get_height()];
    const canvas = { data: new Uint8ClampedArray(4 * width * height), width, height };
    const shown = await new Promise<Rgba | null>((resolve) => {
      image.display(canvas, resolve);
    });
    if (shown === null) throw damaged(name, account);
    const pixels = withoutAlpha(shown.data);
    const [jpeg] = encode([{ pixels, height, width }], "jpeg", QUALITY, 1);
    return withProfile(jpeg!, colorProfile(content));
  } finally {
    for (const one of images) one.free();
  }
}

/** The start of a box "ispe": its size, type and version. Width and height follow. */
const EXTENT = Buffer.from("\0\0\0\x14ispe\0\0\0\0", "latin1");

/**
 * Holds the extents of a file's images, of which the largest is that of the whole (ISO/IEC 23008-12, 6.5.3), against the
 * budget. What libheif calls an image's width is that of the region to show.
 */
function requireSize(name: string, content: Uint8Array): void {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  for (let at = bytes.indexOf(EXTENT); at >= 0; at = bytes.indexOf(EXTENT, at + 1)) {
    if (at + EXTENT.length + 8 > bytes.length) return;
    const width = bytes.readUInt32BE(at + EXTENT.length);
    const height = bytes.readUInt32BE(at + EXTENT.length + 4);
    if (width * height > LIMITS.heicPixels)
      throw new DamagedHeicError(
        `${name}: expected a HEIC image of at most ${LIMITS.heicPixels} pixels, which is decoded at once, ` +
          `found ${height} x ${width} (height x width): save it as a JPEG`,
      );
  }
}

function damaged(name: string, { reason }: LibraryAccount): DamagedHeicError {
  return new DamagedHeicError(
    `${name}: cannot be decoded, the HEIC file is damaged or truncated${reason === "" ? "" : ` (${reason})`}`,
  );
}

/** Collects what libheif-js says by console.log, which would get among a command's output; other texts pass. */
class LibraryAccount implements Disposable {
  static readonly #OPENINGS =
    /^(?:Could not (?:create|get|parse)|Error loading|No images found|Decoding image failed)/;
  readonly #log = console.log;
  /** The last reason it gave. */
  reason = "";

  constructor() {
    console.log = (...values: unknown[]) => {
      const [opening] = values;
      if (typeof opening !== "string" || !LibraryAccount.#OPENINGS.test(opening)) {
        this.#log(...values);
        return;
      }
      const last = values.at(-1);
      const message = typeof last === "string" ? last : (last as { message?: unknown } | undefined)?.message;
      this.reason = shortened((typeof message === "string" ? message : opening).trim());
    };
  }

  [Symbol.dispose](): void {
    console.log = this.#log;
  }
}

/** @throws DataError when it is not installed: it is an optional dependency, of another license (LGPL). */
function libheif(name: string): Libheif {
  try {
    return createRequire(import.meta.url)("libheif-js/wasm-bundle.js") as Libheif;
  } catch (error) {
    throw new DataError(
      `${name}: HEIC images need the package libheif-js: \`npm install libheif-js\`, or convert them to JPEG`,
      { cause: error },
    );
  }
}

function withoutAlpha(rgba: Uint8ClampedArray): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from]!;
    rgb[to + 1] = rgba[from + 1]!;
    rgb[to + 2] = rgba[from + 2]!;
  }
  return rgb;
}

/** The color profile (ICC) in a HEIC file: what its first box `colr` of type prof has; undefined where there is none. */
function colorProfile(content: Uint8Array): Uint8Array | undefined {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  const at = bytes.indexOf("colrprof", 0, "latin1");
  if (at < 4) return undefined;
  const size = bytes.readUInt32BE(at - 4);
  const profile = bytes.subarray(at + 8, at - 4 + size);
  return profile.length > 0 && profile.length <= MAX_PROFILE ? profile : undefined;
}

/** The JPEG with a color profile, by which its decoder turns colors into sRGB. */
function withProfile(jpeg: Buffer, profile: Uint8Array | undefined): Buffer {
  if (profile === undefined) return jpeg;
  const head = Buffer.from("\xff\xe2\0\0ICC_PROFILE\0\x01\x01", "latin1");
  head.writeUInt16BE(head.length - 2 + profile.length, 2);
  return Buffer.concat([jpeg.subarray(0, 2), head, profile, jpeg.subarray(2)]);
}
