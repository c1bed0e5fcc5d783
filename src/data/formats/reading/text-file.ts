import { gunzipSync } from "node:zlib";
import { LIMITS } from "../../../support/budget.js";
import { DataError, systemCode } from "../../../support/errors.js";
import { readRegularFile } from "../../../support/regular-file.js";
import { standInOf, standInText } from "../../../support/stand-in.js";

/**
 * A UTF-8 text file, or UTF-16 with a byte order mark, gzipped or not, without that mark.
 * @throws DataError when it cannot be read or, with the line, when it holds other bytes.
 */
export function readTextFile(path: string): string {
  const bytes = unzipped(path, readBytes(path));
  const utf16 = utf16Of(bytes);
  if (utf16 !== null) return utf16;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (bytes.length > LIMITS.textBytes)
      throw new DataError(
        `${path}: expected at most ${LIMITS.textBytes} bytes of text, found ${bytes.length}.`,
      );
    throw new DataError(
      `${path}, line ${firstBadLine(bytes)}: expected UTF-8 text, found other bytes; save the file as UTF-8.`,
      {
        cause: error,
      },
    );
  }
}

/** The text of UTF-16 that says so by its mark, as spreadsheets save "Unicode text"; null for anything else. */
function utf16Of(bytes: Uint8Array): string | null {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : null;
  return encoding === null ? null : new TextDecoder(encoding).decode(bytes);
}

/** @throws DataError when the file cannot be read, or when something else is in its place */
export function readBytes(path: string): Uint8Array {
  const bytes = bytesOf(path);
  const found = bytes.length === 0 ? undefined : standInOf(bytes);
  if (found === undefined) return bytes;
  throw new DataError(`${path}: expected data, found ${standInText(found)}.`);
}

function bytesOf(path: string): Uint8Array {
  try {
    return readRegularFile(path);
  } catch (error) {
    const reasons: Partial<Record<string, string>> = {
      ENOENT: "file not found",
      EACCES: "no permission to read it",
    };
    throw new DataError(`${path}: ${reasons[systemCode(error) ?? ""] ?? (error as Error).message}.`, {
      cause: error,
    });
  }
}

function unzipped(path: string, bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const { textBytes, smallText, gzipRatio } = LIMITS;
  const maxOutputLength = Math.min(textBytes, Math.max(smallText, gzipRatio * bytes.length));
  try {
    return gunzipSync(bytes, { maxOutputLength });
  } catch (error) {
    if (systemCode(error) === "ERR_BUFFER_TOO_LARGE")
      throw new DataError(`${path}: expected at most ${maxOutputLength} bytes of text in the gzip file.`, {
        cause: error,
      });
    throw new DataError(`${path}: the gzip file is damaged or truncated.`, { cause: error });
  }
}

/** Counted from 1. */
function firstBadLine(bytes: Uint8Array): number {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let line = 1;
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, start);
    try {
      decoder.decode(bytes.subarray(start, end < 0 ? bytes.length : end));
    } catch {
      return line;
    }
    start = end < 0 ? bytes.length : end + 1;
  }
  return line;
}

/** The lines of a text without their ends (LF or CR LF). */
export function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}
