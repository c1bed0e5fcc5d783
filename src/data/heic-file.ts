/** HEIC photographs, which the decoders of native/vision do not know: libheif, compiled to WebAssembly, turns them into JPEGs. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { extname } from "node:path";
import { LIMITS, shortened } from "../support/budget.js";
import { DataError } from "../support/errors.js";
import { DECODED, formatOf, formatOfFile } from "./formats/reading/content.js";
import type { ImageInput } from "./image-input.js";
import type { RgbImage } from "./vision.js";

/** Of the JPEG, with colors at full resolution. */
const QUALITY = 95;
const HEIC_EXTENSIONS: ReadonlySet<string> = new Set(
  DECODED.find(({ format }) => format === "heic")!.extensions,
);
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
  readonly HeifDecoder: new () => HeifDecoder;
  readonly heif_colorspace: { readonly heif_colorspace_RGB: unknown };
  readonly heif_chroma: { readonly heif_chroma_interleaved_RGB: unknown };
  heif_js_decode_image2(handle: unknown, colors: unknown, chroma: unknown): Decoding | Promise<Decoding>;
  heif_image_release(image: unknown): void;
  heif_context_free(context: unknown): void;
}
interface HeifDecoder {
  /** The context, which holds the file's bytes until it is freed. */
  decoder: unknown;
  decode(bytes: Uint8Array): readonly HeifImage[];
}
interface HeifImage {
  readonly handle: unknown;
  free(): void;
}
/** An error has a code. */
interface Decoding {
  readonly code?: unknown;
  readonly message?: string;
  readonly image?: unknown;
  /** One of interleaved RGB, in libheif's own memory until the image is released. */
  readonly channels?: readonly HeifChannel[];
}
interface HeifChannel {
  readonly width: number;
  readonly height: number;
  /** Bytes from row to row. */
  readonly stride: number;
  readonly data: Uint8Array;
}

/** Whether a file is HEIC by its content; false for one that cannot be read: who reads it says why not. */
export function isHeicFile(path: string): boolean {
  return formatOfFile(path)?.format === "heic";
}

export function isHeic(content: Uint8Array): boolean {
  return formatOf(content)?.format === "heic";
}

/** Whether a file is HEIC by its name. */
function hasHeicName(path: string): boolean {
  return HEIC_EXTENSIONS.has(extname(path).toLowerCase());
}

/** Whether one of the images is a HEIC file that is named as if it were another. */
export function hasMisnamedHeic(images: readonly ImageInput[]): boolean {
  return images.some((image) => typeof image === "string" && !hasHeicName(image) && isHeicFile(image));
}

/**
 * The images with the content of a JPEG in place of each HEIC file, or the error of one that cannot be decoded.
 *
 * @param first index of the first image among all, for messages.
 * @param look at which files: all, or only those that are HEIC by their name; opening a file takes longer than all else here.
 */
export async function withoutHeic(
  images: readonly ImageInput[],
  first: number,
  { encode, look }: { readonly encode: EncodeJpeg; readonly look: "at all" | "by name" },
): Promise<(ImageInput | DataError)[]> {
  const readable: (ImageInput | DataError)[] = [];
  for (const [index, image] of images.entries()) {
    const isOther = look === "by name" && typeof image === "string" && !hasHeicName(image);
    const content = isOther ? null : heicContent(image);
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
  const library = libheif(name);
  requireSize(name, content);
  using account = new LibraryAccount();
  const decoder = new library.HeifDecoder();
  let images: readonly HeifImage[] = [];
  try {
    images = decoder.decode(content);
    const [image] = images;
    if (image === undefined) throw damaged(name, account.reason);
    return withProfile(await encoded(image, { library, encode }), colorProfile(content));
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw damaged(name, (error as Error).message, error); // out of its memory, for one
  } finally {
    for (const one of images) one.free();
    if (decoder.decoder !== null) library.heif_context_free(decoder.decoder);
    decoder.decoder = null;
  }
}

/**
 * The JPEG of its pixels without alpha, from libheif's own memory: with libheif-js's `display` an image takes 27 bytes a pixel,
 * so 8.
 */
async function encoded(
  { handle }: HeifImage,
  { library, encode }: { readonly library: Libheif; readonly encode: EncodeJpeg },
): Promise<Buffer> {
  const { heif_colorspace_RGB: colors } = library.heif_colorspace;
  const { heif_chroma_interleaved_RGB: chroma } = library.heif_chroma;
  const decoding = await library.heif_js_decode_image2(handle, colors, chroma);
  const { image, channels: [channel] = [], code, message = "no pixels" } = decoding;
  if (channel === undefined || code !== undefined) throw new Error(message);
  try {
    const { width, height } = channel;
    return encode([{ pixels: rowsOf(channel), height, width }], "jpeg", QUALITY, 1)[0]!;
  } finally {
    library.heif_image_release(image);
  }
}

/** Its rows without what fills them up; a copy where there is something. */
function rowsOf({ width, height, stride, data }: HeifChannel): Uint8Array {
  const rowSize = 3 * width;
  if (stride === rowSize) return data.subarray(0, height * rowSize);
  const pixels = new Uint8Array(height * rowSize);
  for (let row = 0; row < height; row++)
    pixels.set(data.subarray(row * stride, row * stride + rowSize), row * rowSize);
  return pixels;
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

function damaged(name: string, reason: string, cause?: unknown): DamagedHeicError {
  return new DamagedHeicError(
    `${name}: cannot be decoded, the HEIC file is damaged or truncated${reason === "" ? "" : ` (${shortened(reason)})`}`,
    { cause },
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
