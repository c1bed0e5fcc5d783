import { closeSync, readSync } from "node:fs";
import { openRegularFile } from "../../../support/regular-file.js";
import { START_BYTES, standInOf } from "../../../support/stand-in.js";

/** What a file is by its first bytes. */
export interface FileContent {
  /** Decoded: one of IMAGE_FORMATS; picture: an image of another format; other: no image. */
  readonly kind: "decoded" | "picture" | "other";
  /** Words for people: "a TIFF image", "an HTML page". */
  readonly name: string;
  /** What to do about it, where that is known. */
  readonly remedy: string | null;
}

/** Formats that are decoded, for messages. */
export const IMAGE_FORMATS = "JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP";

const CONVERT = "convert it to JPEG or PNG";

/** A format that is decoded. */
export interface ImageFormat {
  /** As inspections name it. */
  readonly format: string;
  /** First bytes. */
  readonly mark: RegExp;
  /** Words for people: "a TIFF image". */
  readonly name: string;
  /** Lower case; the first is that of files which are written. */
  readonly extensions: readonly [string, ...string[]];
}

/** Every format that is decoded, in the order of IMAGE_FORMATS. */
export const DECODED: readonly ImageFormat[] = [
  {
    format: "jpeg",
    mark: /^\xff\xd8\xff/,
    name: "a JPEG image",
    extensions: [".jpg", ".jpeg", ".jpe", ".jfif"],
  },
  // eslint-disable-next-line no-control-regex -- the PNG specification's signature has one
  { format: "png", mark: /^\x89PNG\r\n\x1a\n/, name: "a PNG image", extensions: [".png"] },
  { format: "webp", mark: /^RIFF[^]{4}WEBP/, name: "a WebP image", extensions: [".webp"] },
  { format: "gif", mark: /^GIF8[79]a/, name: "a GIF image", extensions: [".gif"] },
  {
    format: "tiff",
    mark: /^(II\*\0|MM\0\*|II\+\0|MM\0\+)/,
    name: "a TIFF image",
    extensions: [".tif", ".tiff"],
  },
  { format: "avif", mark: /^[^]{4}ftypavi[fs]/, name: "an AVIF image", extensions: [".avif"] },
  {
    format: "heic",
    mark: /^[^]{4}ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)/, // brands of ISO/IEC 23008-12, as phones write them
    name: "a HEIC image",
    extensions: [".heic", ".heif", ".hif"],
  },
  { format: "bmp", mark: /^BM[^]{4}\0\0\0\0/, name: "a BMP image", extensions: [".bmp", ".dib"] },
];

const PICTURES: readonly (readonly [RegExp, string])[] = [
  [/^\0\0\0\fjP {2}\r\n\x87\n/, "a JPEG 2000 image"],
  [/^(\xff\n|\0\0\0\fJXL )/, "a JPEG XL image"],
  [/^8BPS/, "a Photoshop image"],
  [/^P[1-6][\s#]/, "a Netpbm image (PBM, PGM, PPM)"],
  [/^\s*(<\?xml[^>]*>\s*)?(<!--[^]*?-->\s*)?(<!DOCTYPE svg[^>]*>\s*)?<svg[\s>]/i, "an SVG drawing"],
];

const OTHERS: readonly (readonly [RegExp, string, string | null])[] = [
  [/^\s*<\?xml/i, "an XML document", "a download that failed, perhaps: get the file again"],
  [/^%PDF-/, "a PDF document", null],
  [/^PK[^]{2}/, "a ZIP archive", "unpack it"],
];

/** Extensions of what is decoded, lower case: ".jpg". */
export const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set(DECODED.flatMap(({ extensions }) => extensions));

/** Format of an image file's content; undefined for what is not decoded. */
export function formatOf(bytes: Uint8Array): ImageFormat | undefined {
  const start = startOf(bytes);
  return DECODED.find(({ mark }) => mark.test(start));
}

function startOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(START_BYTES, bytes.length)).toString("latin1");
}

/** What bytes are that should be an image file; their first 512 are enough. */
function contentOf(bytes: Uint8Array): FileContent {
  const standIn = standInOf(bytes);
  if (standIn !== undefined) return { kind: "other", ...standIn };
  const format = formatOf(bytes);
  if (format !== undefined) return { kind: "decoded", name: format.name, remedy: null };
  const start = startOf(bytes);
  const picture = PICTURES.find(([mark]) => mark.test(start))?.[1];
  if (picture !== undefined) return { kind: "picture", name: picture, remedy: CONVERT };
  const [, name, remedy] = OTHERS.find(([mark]) => mark.test(start)) ?? [];
  if (name !== undefined) return { kind: "other", name, remedy: remedy ?? null };
  // eslint-disable-next-line no-control-regex -- control characters are what text has none of
  return { kind: "other", name: /[\0-\x08\x0e-\x1f]/.test(start) ? "other content" : "text", remedy: null };
}

/** The same of a file; null for one that cannot be read. */
export function contentOfFile(path: string): FileContent | null {
  const start = startOfFile(path);
  return start === null ? null : contentOf(start);
}

/** Format of an image file; undefined for what is not decoded, or cannot be read. */
export function formatOfFile(path: string): ImageFormat | undefined {
  const start = startOfFile(path);
  return start === null ? undefined : formatOf(start);
}

function startOfFile(path: string): Uint8Array | null {
  try {
    const file = openRegularFile(path);
    try {
      const bytes = new Uint8Array(START_BYTES);
      return bytes.subarray(0, readSync(file, bytes));
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}

/** Why an image file cannot be decoded: what it is in place of an image where that can be told, else the decoder's `error`. */
export function undecodable(path: string | null, error: string): string {
  const content = path === null ? null : contentOfFile(path);
  return content === null || content.kind === "decoded"
    ? error
    : `expected a ${IMAGE_FORMATS} image, ${foundText(content)}`;
}

/** "found a Photoshop image; convert it to JPEG or PNG" */
export function foundText(content: FileContent): string {
  return `found ${contentText(content)}`;
}

/** The same without "found". */
export function contentText({ name, remedy }: FileContent): string {
  return remedy === null ? name : `${name}; ${remedy}`;
}
