import { closeSync } from "node:fs";
import { vision } from "../vision.js";
import { writeImages, type FixedImages } from "./make-images.js";
import type { CachedImages } from "./image-file.js";
import type { CacheListener } from "./report.js";
import { assertRoom } from "./room.js";

/** Keeps the images in memory, as a file without a name: it ends with the last use of it. */
export async function memoryCache(images: FixedImages, listener: CacheListener): Promise<CachedImages> {
  assertRoom(images, { place: "memory", free: process.availableMemory() });
  const file = vision().memoryFile();
  const close = (): void => {
    closeSync(file);
  };
  try {
    const sizes = await writeImages(file, images, { ...listener, key: "" });
    return { path: `/proc/self/fd/${file}`, sizes, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
}
