import { existsSync, renameSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { Download, sha256Of } from "../package-index/download.js";
import { type HeldLock, withLock } from "../package-index/install-lock.js";
import type { InstallProgress } from "../package-index/install-wheels.js";
import { PartialFile } from "../package-index/partial-file.js";
import { IndexError, type Transport, withRetries } from "../package-index/transport.js";
import { DownloadError, systemCode } from "../support/errors.js";

export interface FetchFileOptions {
  readonly url: string;
  /** Where the file goes, whole or not at all. An interrupted download lies beside it and is continued. */
  readonly path: string;
  /** SHA-256, or its first digits. */
  readonly sha256: string;
  /** Bytes; asked of the server unless given. */
  readonly size?: number;
  /** Sent with each request, such as a login. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly onProgress: (progress: InstallProgress) => void;
  readonly retryDelayMs?: number;
}

/**
 * Downloads a file and checks its hash.
 * @throws DownloadError when the server cannot be reached, stops again and again, or sends another file; a full disk.
 */
export async function fetchFile(transport: Transport, options: FetchFileOptions): Promise<void> {
  const { path, onProgress } = options;
  const onWait = ({ path: lock, owner: { pid, host } }: HeldLock): void => {
    onProgress({ kind: "wait", pid, host, lock });
  };
  try {
    await withLock(`${path}.lock`, () => fetchLocked(transport, options), { onWait });
  } catch (error) {
    const full = ["ENOSPC", "EDQUOT"].includes(systemCode(error) ?? "");
    if (!full) throw error;
    throw new DownloadError(`cannot write ${path}: the disk is full; free some space and run it again`, {
      cause: error,
    });
  }
}

async function fetchLocked(transport: Transport, options: FetchFileOptions): Promise<void> {
  const { url, path, sha256, headers, onProgress, retryDelayMs } = options;
  const file = basename(new URL(url).pathname);
  const retry = {
    retries: transport.settings.retries,
    ...(retryDelayMs !== undefined && { delayMs: retryDelayMs }),
  };
  const size = options.size ?? (await withRetries(() => askSize(transport, options), retry));
  const incomplete = `${path}.incomplete`;
  using partial = new PartialFile(incomplete, { size, identity: `${sha256} ${size}` });
  const download = new Download(transport, partial, {
    url,
    remedy: "the publisher has another file there than the one that longtail knows",
    onBytes: (bytes, total) => {
      onProgress({ kind: "fetch", file, bytes, total });
    },
    ...(headers !== undefined && { headers }),
    ...(retryDelayMs !== undefined && { retryDelayMs }),
  });
  await download.fetch([{ from: 0, to: size }]);
  const found = await sha256Of(incomplete);
  if (!found.startsWith(sha256)) {
    partial.discard();
    throw new DownloadError(
      `${url} is not the published file: expected sha256 ${sha256}, found ${found.slice(0, sha256.length)}; it was not used. Run it ` +
        "again; if that does not help, something between this machine and the publisher changes files",
    );
  }
  if (existsSync(path)) rmSync(path); // damaged, or fetched anew on purpose
  renameSync(incomplete, path);
  rmSync(`${incomplete}.json`, { force: true });
}

/** Bytes of a file, from the answer to a request for its first one. */
async function askSize(transport: Transport, { url, headers }: FetchFileOptions): Promise<number> {
  const response = await transport.get(url, { ...headers, range: "bytes=0-0" });
  await response.body?.cancel();
  const range = /\/(\d+)$/.exec(response.headers.get("content-range") ?? "")?.[1];
  const size = Number(response.status === 206 ? range : response.headers.get("content-length"));
  if (size > 0) return size;
  throw new IndexError(`${url}: expected its size in the answer, found none`);
}
