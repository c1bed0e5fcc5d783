import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import type { Response } from "undici";
import { openPromise } from "yauzl";
import { DownloadError, systemCode } from "../support/errors.js";
import { formatBytes } from "../support/units.js";
import { isWanted, type Wheel, type WheelMembers } from "./wheel.js";
import { withoutLogin } from "./credentials.js";
import { PartialFile, mergeSpans, totalBytes, type Span } from "./partial-file.js";
import { explainNetworkError, IndexError, PassingError, withRetries, type Transport } from "./transport.js";

export interface FetchOptions {
  readonly url: string;
  /** Where the wheel goes. An interrupted download is there, too, and is continued. */
  readonly path: string;
  /** Called as bytes arrive, with those so far and all that will be fetched. */
  readonly onBytes: (bytes: number, total: number) => void;
  /** Wait before the first repetition after a failure. */
  readonly retryDelayMs?: number;
}

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
  const download = new Download(transport, file, options);
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
      "it was not used. Run it again; if that does not help, use another index (PIP_INDEX_URL)",
  );
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
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
    throw new DownloadError(`${wheel.file} is damaged: ${(error as Error).message}; run it again`, {
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

/** Fetches spans of one address into one file, again from where it stopped. */
class Download {
  readonly file: PartialFile;
  readonly #transport: Transport;
  readonly #options: FetchOptions;

  constructor(transport: Transport, file: PartialFile, options: FetchOptions) {
    this.#transport = transport;
    this.file = file;
    this.#options = options;
  }

  /** @param countAll whether these spans are all there is to fetch, for the progress. */
  async fetch(spans: readonly Span[], { countAll = true }: { countAll?: boolean } = {}): Promise<void> {
    const total = countAll ? totalBytes(spans) : 0;
    const report = (): void => {
      if (countAll) this.#options.onBytes(total - totalBytes(this.file.missing(spans)), total);
    };
    const retries = {
      retries: this.#transport.settings.retries,
      progress: () => this.file.presentBytes,
      delayMs: this.#options.retryDelayMs ?? 500,
    };
    report();
    const fetchMissing = async (): Promise<void> => {
      for (const missing of this.file.missing(spans)) await this.#fetchSpan(missing, report);
    };
    await withRetries(fetchMissing, retries).catch((error: unknown) => {
      const { presentBytes, path } = this.file;
      if (!(error instanceof PassingError) || presentBytes === 0) throw error;
      throw new DownloadError(
        `the download of ${basename(path)} ended early: ${error.message}; ${formatBytes(presentBytes)} are kept, run it again to go on from there`,
        { cause: error },
      );
    });
    this.file.note();
  }

  async #fetchSpan(span: Span, report: () => void): Promise<void> {
    const { url } = this.#options;
    const response = await this.#transport.get(url, { range: `bytes=${span.from}-${span.to - 1}` });
    let at = this.#startOf(response, span);
    try {
      for await (const chunk of response.body ?? []) {
        const bytes = (chunk as Uint8Array).subarray(0, this.file.size - at);
        this.file.write(at, bytes);
        at += bytes.length;
        report();
      }
    } catch (error) {
      if (isDiskError(error)) throw error;
      throw explainNetworkError(error, url);
    }
    if (at < span.to) {
      throw new PassingError(`${withoutLogin(url)} ended early: expected ${span.to} bytes, found ${at}`);
    }
  }

  /** Where the response's first byte belongs: a server that does not send parts sends all. */
  #startOf(response: Response, span: Span): number {
    const { file } = this;
    const range = /^bytes (\d+)-\d+\/(\d+|\*)/.exec(response.headers.get("content-range") ?? "");
    const size = Number(response.status === 206 ? range?.[2] : response.headers.get("content-length"));
    if (size > 0 && size !== file.size) {
      throw new DownloadError(
        `${withoutLogin(response.url)} is not the published ${basename(file.path)}: expected ${file.size} bytes, found ${size}; use another index (PIP_INDEX_URL)`,
      );
    }
    if (response.status === 200) return 0;
    if (response.status === 206 && Number(range?.[1]) === span.from) return span.from;
    throw new IndexError(
      `${withoutLogin(response.url)} answered a request for a part of the file with status ${response.status} and other bytes`,
    );
  }
}

/** Whether the disk failed, which no repetition helps, and not the network. */
function isDiskError(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EIO", "EROFS", "EFBIG"].includes(systemCode(error) ?? "");
}
