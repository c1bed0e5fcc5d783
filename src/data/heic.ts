/**
 * HEIC photographs, which the decoders of native/vision do not know: each is decoded once by libheif, compiled to WebAssembly,
 * and kept as a JPEG in the user's cache, by its content.
 */
import { createHash } from "node:crypto";
import { closeSync, existsSync, readFileSync, readSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { writeFileAtomic } from "../support/atomic-file.js";
import { LIMITS, shortened } from "../support/budget.js";
import { DataError } from "../support/errors.js";
import { makeFolder, userCacheFolder } from "../support/paths.js";
import { openRegularFile } from "../support/regular-file.js";
import type { Dataset } from "./dataset.js";
import { vision } from "./vision.js";

/** Brands of files whose pictures are coded by HEVC (ISO/IEC 23008-12), as phones write them. */
const BRAND = /^[^]{4}ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)/;
/** The end of the bytes that the brand is in. */
const START = 12;
/** Of the JPEG in the cache, with colors at full resolution. */
const QUALITY = 95;
/** Bytes of a color profile that fit into one segment of a JPEG. */
const MAX_PROFILE = 65_519;

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
      return BRAND.test(bytes.toString("latin1", 0, readSync(file, bytes)));
    } finally {
      closeSync(file);
    }
  } catch {
    return false; // who reads it says why not
  }
}

/**
 * The dataset with a file of the cache in place of each HEIC file. When not strict, one that cannot be decoded stays, and is
 * left out as any damaged image.
 * @throws DataError where libheif-js is not installed; when strict, for a damaged file.
 */
export async function withHeicDecoded(
  dataset: Dataset,
  { strict, signal }: { readonly strict: boolean; readonly signal?: AbortSignal | undefined },
): Promise<Dataset> {
  const { pixels } = dataset;
  if (pixels.kind !== "files") return dataset;
  const heic = pixels.paths.filter(isHeicFile);
  if (heic.length === 0) return dataset;
  const decoded = new Map<string, string>();
  for (const path of heic) {
    signal?.throwIfAborted();
    const kept = await heicAsJpeg(path).catch((error: unknown) => {
      if (error instanceof DamagedHeicError && !strict) return path;
      throw error;
    });
    decoded.set(path, kept);
    await setImmediate(); // signal handlers run only when the event loop gets a turn
  }
  const paths = pixels.paths.map((path) => decoded.get(path) ?? path);
  return { ...dataset, pixels: { kind: "files", paths } };
}

class DamagedHeicError extends DataError {}

/**
 * The JPEG of a HEIC file in the cache, which is made where it is not there yet.
 * @throws DataError when it cannot be decoded, or libheif-js is not installed.
 */
export async function heicAsJpeg(path: string): Promise<string> {
  const content = readFileSync(path);
  const folder = join(userCacheFolder(), "heic");
  const kept = join(folder, `${createHash("sha256").update(content).digest("hex").slice(0, 32)}.jpg`);
  if (existsSync(kept)) return kept;
  makeFolder(folder);
  writeFileAtomic(kept, [await decode(path, content)]);
  return kept;
}

async function decode(path: string, content: Uint8Array): Promise<Uint8Array> {
  const { HeifDecoder } = libheif(path);
  requireSize(path, content);
  using account = new LibraryAccount();
  const images = new HeifDecoder().decode(content);
  const [image] = images;
  try {
    if (image === undefined) throw damaged(path, account);
    const [width, height] = [image.get_width(), image.get_height()];
    const canvas = { data: new Uint8ClampedArray(4 * width * height), width, height };
    const shown = await new Promise<Rgba | null>((resolve) => {
      image.display(canvas, resolve);
    });
    if (shown === null) throw damaged(path, account);
    const pixels = withoutAlpha(shown.data);
    const [jpeg] = vision().encodeImages([{ pixels, height, width }], "jpeg", QUALITY, 1);
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
function requireSize(path: string, content: Uint8Array): void {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength);
  for (let at = bytes.indexOf(EXTENT); at >= 0; at = bytes.indexOf(EXTENT, at + 1)) {
    if (at + EXTENT.length + 8 > bytes.length) return;
    const width = bytes.readUInt32BE(at + EXTENT.length);
    const height = bytes.readUInt32BE(at + EXTENT.length + 4);
    if (width * height > LIMITS.heicPixels)
      throw new DamagedHeicError(
        `${path}: expected a HEIC image of at most ${LIMITS.heicPixels} pixels, which is decoded at once, ` +
          `found ${height} x ${width} (height x width): save it as a JPEG`,
      );
  }
}

function damaged(path: string, { reason }: LibraryAccount): DamagedHeicError {
  const advice = "--no-strict, data.strict=false, leaves it out";
  return new DamagedHeicError(
    `${path}: cannot be decoded, the HEIC file is damaged or truncated (${reason === "" ? "" : `${reason}; `}${advice})`,
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
function libheif(path: string): Libheif {
  try {
    return createRequire(import.meta.url)("libheif-js/wasm-bundle.js") as Libheif;
  } catch (error) {
    throw new DataError(
      `${path}: HEIC images need the package libheif-js: \`npm install libheif-js\`, or convert them to JPEG`,
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
