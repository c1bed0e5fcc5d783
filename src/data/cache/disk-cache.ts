import { createHash } from "node:crypto";
import { existsSync, ftruncateSync, readFileSync, statfsSync, writeSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeFailure } from "../../support/atomic-file.js";
import { lockFile } from "../../torch/files.js";
import { splitHash } from "../card.js";
import { decoderVersion } from "../vision.js";
import { readImageFile, readPixels, type CachedImages, type ImageTable } from "./image-file.js";
import { sampleImages, writeImages, type FixedImages } from "./make-images.js";
import { PartialImageFile } from "./partial-image-file.js";
import type { CacheListener } from "./report.js";
import { assertRoom } from "./memory-cache.js";
import { makeFolder } from "../../support/paths.js";
import { isVisible, processCard, processIn } from "../../support/process.js";

const WAIT_MS = 500;

/**
 * Keeps the images in a file of `folder`, whole or absent, for this and later runs. Of several processes that want the
 * same one makes it and the others wait; where it was interrupted, the next one goes on behind the images that are there. A
 * file that is damaged or no longer fits the images is made anew.
 */
export async function diskCache(
  images: FixedImages,
  { folder, ...listener }: CacheListener & { folder: string },
): Promise<CachedImages> {
  const key = keyOf(images);
  const path = join(folder, `${key.slice(0, 32)}.images`);
  const found = (table: ImageTable): CachedImages => ({ path, table, [Symbol.dispose]: () => undefined });
  try {
    makeFolder(folder);
    const there = await findImages(path, key, images, listener);
    if (there !== null) return found(there);
    using _lock = await waitForLock(`${path}.lock`, listener);
    const since = await findImages(path, key, images, listener);
    return found(since ?? (await makeFile(path, key, images, listener)));
  } catch (error) {
    throw writeFailure(path, error);
  }
}

/** Earlier files may hold JPEG images that were decoded at a part of their size. */
const VERSION = "2";

/** Of everything that decides the pixels but for the image files' content. */
function keyOf({ dataset, fixed }: FixedImages): string {
  const of = [VERSION, splitHash(dataset), resolve(dataset.root), JSON.stringify(fixed), decoderVersion()];
  return createHash("sha256").update(of.join("\n")).digest("hex");
}

async function findImages(
  path: string,
  key: string,
  images: FixedImages,
  { report, signal }: CacheListener,
): Promise<ImageTable | null> {
  if (!existsSync(path)) return null;
  const table = readImageFile(path, key);
  const fault = "fault" in table ? table.fault : await changeOf({ path, table }, images, signal);
  if (!("fault" in table) && fault === null) return table;
  report?.({ type: "warning", message: `${path}: ${fault}; the images are cached anew.` });
  return null;
}

/** What has changed since, by a sample: an image that is another one now, or is decoded otherwise. */
async function changeOf(
  { path, table }: { readonly path: string; readonly table: ImageTable },
  images: FixedImages,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  const sample = await sampleImages(images, { count: table.heights.length, signal });
  const changed = sample.find(({ index, image }) => !readPixels(path, table, index).equals(image.pixels));
  return changed === undefined ? null : `${images.dataset.describe(changed.index)} has changed`;
}

/** Locks a file as soon as no other process has it. The file names the process, for others that wait. */
export async function waitForLock(path: string, { report, signal }: CacheListener): Promise<Disposable> {
  for (let reported = false; ; reported = true) {
    const lock = lockFile(path);
    if (lock !== null) {
      ftruncateSync(lock.file);
      writeSync(lock.file, processCard(), 0);
      return lock;
    }
    if (!reported) report?.({ type: "warning", message: waitText(path) });
    await sleep(WAIT_MS);
    signal?.throwIfAborted();
  }
}

/** A machine that lost its power keeps a lock of a cluster's disk for a while; everywhere else locks end with their process. */
function waitText(path: string): string {
  const owner = processIn(readFileSync(path, "utf8"));
  if (owner === null) return `${path}: another process fills this cache; waiting for it.`;
  const name = `process ${owner.pid} on ${owner.host}`;
  if (isVisible(owner)) return `${path}: ${name} fills this cache; waiting for it.`;
  return `${path}: ${name} fills this cache; waiting for it. If it no longer runs, remove this file.`;
}

async function makeFile(
  path: string,
  key: string,
  images: FixedImages,
  listener: CacheListener,
): Promise<ImageTable> {
  const { report, signal } = listener;
  using partial = await PartialImageFile.open(`${path}.partial`, key, signal); // the lock's owner alone writes it
  try {
    const { images: there, written, table: known } = partial.writer;
    const change = there === 0 ? null : await changeOf({ path: partial.path, table: known }, images, signal);
    if (change !== null) {
      report?.({ type: "warning", message: `${partial.path}: ${change}; the images are cached anew.` });
      partial.restart();
    }
    const { bavail, bsize } = statfsSync(dirname(path));
    await assertRoom(images, {
      place: "disk",
      free: bavail * bsize + (change === null ? written : 0),
      signal,
    });
    const table = await writeImages(partial.writer, images, { ...listener, key });
    partial.finish(path);
    return table;
  } catch (error) {
    if (!signal?.aborted) partial.remove(); // of a full disk, for example
    throw error;
  }
}
