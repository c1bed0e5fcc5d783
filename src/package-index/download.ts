import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";
import type { Response } from "undici";
import { DownloadError, systemCode } from "../support/errors.js";
import { formatBytes } from "../support/units.js";
import { withoutLogin } from "./credentials.js";
import { type PartialFile, totalBytes, type Span } from "./partial-file.js";
import { explainNetworkError, IndexError, PassingError, withRetries, type Transport } from "./transport.js";

export interface DownloadOptions {
  readonly url: string;
  /** Sent with each request, such as a login. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Called as bytes arrive, with those so far and all that will be fetched. */
  readonly onBytes: (bytes: number, total: number) => void;
  /** Wait before the first repetition after a failure. */
  readonly retryDelayMs?: number;
  /** What to do about a server that sends another file. */
  readonly remedy?: string;
}

/** Fetches spans of one address into one file, again from where it stopped. */
export class Download {
  readonly file: PartialFile;
  readonly #transport: Transport;
  readonly #options: DownloadOptions;

  constructor(transport: Transport, file: PartialFile, options: DownloadOptions) {
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
    const { url, headers } = this.#options;
    const range = `bytes=${span.from}-${span.to - 1}`;
    const response = await this.#transport.get(url, { ...headers, range });
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
        `${withoutLogin(response.url)} is not the published ${basename(file.path)}: expected ${file.size} bytes, found ${size}; ${this.#options.remedy ?? "try again later"}`,
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

/** SHA-256 of a file, as hexadecimal digits. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
