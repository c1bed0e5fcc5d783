import { createHash } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statfsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { writeFailure } from "../../support/atomic-file.js";
import { lockFile } from "../../torch/files.js";
import { splitHash } from "../card.js";
import { vision } from "../vision.js";
import { readImageFile, readPixels, type CachedImages, type ImageTable } from "./image-file.js";
import { sampleImages, writeImages, type FixedImages } from "./make-images.js";
import type { CacheListener } from "./report.js";
import { assertRoom } from "./memory-cache.js";
import { makeFolder } from "../../support/paths.js";

const WAIT_MS = 500;

/**
 * Keeps the images in a file of `folder`, whole or absent, for this and later runs. Of several processes that want the
 * same one makes it and the others wait. A file that is damaged or no longer fits the images is made anew.
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
    const there = findImages(path, key, images, listener);
    if (there !== null) return found(there);
    using _lock = await waitForLock(`${path}.lock`, listener);
    const since = findImages(path, key, images, listener);
    return found(since ?? (await makeFile(path, key, images, listener)));
  } catch (error) {
    throw writeFailure(path, error);
  }
}

/** Of everything that decides the pixels but for the image files' content. */
function keyOf({ dataset, fixed }: FixedImages): string {
  const of = [splitHash(dataset), resolve(dataset.root), JSON.stringify(fixed), vision().jpegLibrary()];
  return createHash("sha256").update(of.join("\n")).digest("hex");
}

function findImages(
  path: string,
  key: string,
  images: FixedImages,
  { report }: CacheListener,
): ImageTable | null {
  if (!existsSync(path)) return null;
  const table = readImageFile(path, key);
  const fault = "fault" in table ? table.fault : changeOf(path, table, images);
  if (!("fault" in table) && fault === null) return table;
  report?.({ type: "warning", message: `${path}: ${fault}; the images are cached anew.` });
  return null;
}

/** What has changed since, by a sample: an image that is another one now, or is decoded otherwise. */
function changeOf(path: string, table: ImageTable, images: FixedImages): string | null {
  const changed = sampleImages(images).find(
    ({ index, image }) => !readPixels(path, table, index).equals(image.pixels),
  );
  return changed === undefined ? null : `${images.dataset.describe(changed.index)} has changed`;
}

/** Locks a file as soon as no other process has it. */
export async function waitForLock(path: string, { report, signal }: CacheListener): Promise<Disposable> {
  for (let reported = false; ; reported = true) {
    const lock = lockFile(path);
    if (lock !== null) return lock;
    if (!reported)
      report?.({ type: "warning", message: `${path}: another process fills this cache; waiting for it.` });
    await sleep(WAIT_MS);
    signal?.throwIfAborted();
  }
}

async function makeFile(
  path: string,
  key: string,
  images: FixedImages,
  listener: CacheListener,
): Promise<ImageTable> {
  const { bavail, bsize } = statfsSync(dirname(path));
  assertRoom(images, { place: "disk", free: bavail * bsize });
  const partial = `${path}.partial`; // the lock's owner writes it; one that was left is written over
  const file = openSync(partial, "w");
  try {
    const table = await writeImages(file, images, { ...listener, key });
    fsyncSync(file);
    renameSync(partial, path);
    return table;
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  } finally {
    closeSync(file);
  }
}
