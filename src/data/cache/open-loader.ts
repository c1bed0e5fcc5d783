import { join } from "node:path";
import type { ResolvedRecipe, TransformSpec } from "../../recipes/schema.js";
import { userCacheFolder } from "../../support/paths.js";
import { Loader, workerThreads, type LoaderOptions } from "../loader/loader.js";
import { diskCache } from "./disk-cache.js";
import { PIXELS_AT } from "./image-file.js";
import { memoryCache } from "./memory-cache.js";
import type { CacheListener } from "./report.js";

/** Which transforms do the same to an image every time, and draw no random numbers. */
const isFixed: Record<TransformSpec["kind"], boolean> = {
  resize: true,
  "resize-exact": true,
  "center-crop": true,
  "corner-crop": true,
  operation: true,
  "random-crop": false,
  "horizontal-flip": false,
  "random-resized-crop": false,
  "color-jitter": false,
  grayscale: false,
  "gaussian-blur": false,
  "auto-augment": false,
  "rand-augment": false,
  "trivial-augment": false,
  cutout: false,
};

type Pipeline = readonly TransformSpec[];

/** Whether a pipeline does the same to an image every time. */
export function isFixedPipeline(transforms: Pipeline): boolean {
  return transforms.every(({ kind }) => isFixed[kind]);
}

/** What all views begin with and is the same every time, and what is left of each. */
export function withoutFixedStart(views: readonly Pipeline[]): { fixed: Pipeline; rest: Pipeline[] } {
  const [first = [], ...others] = views;
  const end = first.findIndex(
    (transform, place) =>
      !isFixed[transform.kind] ||
      others.some((view) => JSON.stringify(view[place]) !== JSON.stringify(transform)),
  );
  const length = end === -1 ? first.length : end;
  return { fixed: first.slice(0, length), rest: views.map((view) => view.slice(length)) };
}

type CacheSettings = Pick<ResolvedRecipe["data"], "cache" | "cacheFolder">;

/**
 * A loader whose images come from a cache, which is filled first where it is not there yet: decoded, and after the
 * transforms that all views begin with and that do the same every time. Its batches are those of a loader without one.
 * Images that lie decoded in memory anyway are not cached.
 *
 * @throws UsageError when the images do not fit; DataError for an image that cannot be read; the signal's reason.
 */
export async function openLoader(
  options: LoaderOptions,
  { cache, cacheFolder, ...listener }: CacheSettings & CacheListener,
): Promise<Loader> {
  const { dataset, transforms, moreViews = [], workers } = options;
  if (cache === "none" || dataset.pixels.kind === "packed") return new Loader(options);
  const { fixed, rest } = withoutFixedStart([transforms, ...moreViews]);
  const images = { dataset, fixed, threads: workerThreads(workers) };
  using cached = await (cache === "memory"
    ? memoryCache(images, listener)
    : diskCache(images, { ...listener, folder: cacheFolder ?? join(userCacheFolder(), "images") }));
  const { path, table } = cached;
  const [first = [], ...more] = rest;
  const decoded = { kind: "decoded", origin: dataset.pixels, path, start: PIXELS_AT, ...table } as const;
  return new Loader({ ...options, decoded, transforms: first, moreViews: more });
}
