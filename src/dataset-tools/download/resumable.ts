import { createHash } from "node:crypto";
import { createReadStream, existsSync, renameSync, rmSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Response } from "undici";
import { writeFailure } from "../../support/atomic-file.js";
import { clauseOf, DataError, LongtailError, systemCode } from "../../support/errors.js";
import { makeFolder } from "../../support/paths.js";
import { fetchByProxy, proxyFor } from "../../support/proxies.js";

/** A file that a publisher offers. */
export interface Published {
  readonly url: string;
  /** In hexadecimal digits, as published. */
  readonly md5: string;
}

export interface DownloadOptions {
  /** Where the file goes; PATH.part while it is not whole. */
  readonly path: string;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: DownloadProgress) => void;
  /** Connections that may end early before it is given up; each continues where the last one ended. */
  readonly attempts?: number;
  /** Without a byte for this long a connection counts as dead. */
  readonly patienceMs?: number;
}

export interface DownloadProgress {
  readonly bytes: number;
  /** Unknown until the server says it. */
  readonly totalBytes: number | undefined;
}

/**
 * Downloads a file and checks it; a file that is there already is checked alone. What an interruption leaves is continued
 * by the next call (HTTP ranges).
 *
 * @throws LongtailError that says what to do by hand: no network, an answer other than the file, a cut connection, a full
 * disk. DataError for other content than published.
 */
export async function download(file: Published, options: DownloadOptions): Promise<void> {
  const { path, signal } = options;
  const checkThere = (): Promise<void> => requireChecksum(file, path, "remove it to download it again");
  if (existsSync(path)) return checkThere();
  const part = `${path}.part`;
  try {
    makeFolder(dirname(path));
    await fetchWhole(file, part, options);
    await requireChecksum(file, part, "it is removed: download it again", () => rmSync(part));
    renameSync(part, path);
  } catch (error) {
    if (existsSync(path) && !signal.aborted) return checkThere(); // another process has downloaded it meanwhile
    throw error instanceof LongtailError ? error : writeFailure(path, error);
  }
}

async function fetchWhole(file: Published, part: string, options: DownloadOptions): Promise<void> {
  const { attempts = 3, signal } = options;
  for (let attempt = 1; ; attempt++) {
    const end = await fetchMore(file, part, options);
    if (end === "whole") return;
    if (attempt < attempts && !signal.aborted) continue;
    const { bytes, totalBytes } = end;
    throw new LongtailError(
      `${file.url}: the connection ended after ${bytes} of ${totalBytes ?? "an unknown number of"} bytes; ` +
        `run it again to continue there.`,
    );
  }
}

/** One connection. Returns where it ended when that is not the file's end. */
async function fetchMore(
  file: Published,
  part: string,
  options: DownloadOptions,
): Promise<"whole" | DownloadProgress> {
  const { signal, patienceMs = 60_000, path } = options;
  const start = statSync(part, { throwIfNoEntry: false })?.size ?? 0;
  const patience = new Patience(patienceMs, signal);
  try {
    const response = await request(file, { start, patience, path });
    if (response !== "nothing left") return await receive(response, part, { start, patience, options });
    return "whole"; // or of something else, longer: the checksum shows it
  } finally {
    patience.end();
  }
}

interface Reception {
  readonly start: number;
  readonly patience: Patience;
  readonly options: DownloadOptions;
}

/** Writes what the server sends; the end of the connection is no error yet. */
async function receive(
  response: Response,
  part: string,
  { start, patience, options: { onProgress, signal } }: Reception,
): Promise<"whole" | DownloadProgress> {
  const resumed = response.status === 206;
  let bytes = resumed ? start : 0;
  const length = response.headers.get("content-length");
  const totalBytes = length === null ? undefined : bytes + Number(length);
  const target = await open(part, resumed ? "a" : "w");
  try {
    onProgress({ bytes, totalBytes });
    for await (const chunk of chunksOf(response)) {
      patience.renew();
      for (let written = 0; written < chunk.length;)
        written += (await target.write(chunk, written)).bytesWritten;
      bytes += chunk.length;
      onProgress({ bytes, totalBytes });
    }
    return "whole";
  } catch (error) {
    signal.throwIfAborted();
    if (systemCode(error) !== undefined) throw error; // of the disk; those of the network have none of their own
    return { bytes, totalBytes };
  } finally {
    await target.close();
  }
}

/** The server's answer when it is the file, or its part from `start` on. */
async function request(
  { url, md5 }: Published,
  { start, patience, path }: { start: number; patience: Patience; path: string },
): Promise<Response | "nothing left"> {
  // A server may compress what it sends: that has another length and no parts.
  const headers = { "accept-encoding": "identity", ...(start > 0 && { range: `bytes=${start}-` }) };
  const byHand = `By hand: download ${url} elsewhere (md5 ${md5}), put it at ${path} and run this again.`;
  let response: Response;
  try {
    response = await fetchByProxy(url, { headers, signal: patience.signal });
  } catch (error) {
    patience.throwIfEnded();
    const proxy = proxyFor(url);
    const way = proxy === null ? "" : ` by the proxy ${proxy} (HTTPS_PROXY or HTTP_PROXY)`;
    throw new LongtailError(
      `${url} cannot be reached${way}: ${reasonOf(error)}; check the network. ${byHand}`,
      { cause: error },
    );
  }
  if (response.status === 200) return response;
  const from = /^bytes (\d+)-/.exec(response.headers.get("content-range") ?? "")?.[1];
  if (response.status === 206 && from === String(start)) return response;
  await response.body?.cancel();
  if (response.status === 416) return "nothing left";
  throw new LongtailError(
    `${url}: expected the file, the server answered ${response.status} ${response.statusText}. ${byHand}`,
  );
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = systemCode(cause);
  const texts: Partial<Record<string, string>> = {
    ENOTFOUND: "its name is not known",
    EAI_AGAIN: "its name cannot be looked up",
    ECONNREFUSED: "it refuses connections",
    ENETUNREACH: "there is no network",
    EHOSTUNREACH: "there is no way to it",
    UND_ERR_CONNECT_TIMEOUT: "it does not answer",
  };
  return (code === undefined ? undefined : texts[code]) ?? clauseOf(cause);
}

async function* chunksOf(response: Response): AsyncGenerator<Uint8Array, void> {
  if (response.body) yield* response.body;
}

/** Ends a connection on which nothing comes, or when the user ends it. */
class Patience {
  readonly #user: AbortSignal;
  readonly #ms: number;
  readonly signal: AbortSignal;
  readonly #stalled = new AbortController();
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number, user: AbortSignal) {
    this.#ms = ms;
    this.#user = user;
    this.signal = AbortSignal.any([user, this.#stalled.signal]);
    this.renew();
  }

  renew(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#stalled.abort(new Error("it does not answer")), this.#ms);
  }

  /** Throws what the user's ending throws. */
  throwIfEnded(): void {
    this.#user.throwIfAborted();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}

async function requireChecksum(
  { url, md5 }: Published,
  file: string,
  remedy: string,
  onWrong: () => void = () => undefined,
): Promise<void> {
  const hash = createHash("md5");
  await pipeline(createReadStream(file), hash);
  const found = hash.digest("hex");
  if (found === md5) return;
  onWrong();
  throw new DataError(`${file}: expected ${url} with the md5 ${md5}, found ${found}; ${remedy}.`);
}
