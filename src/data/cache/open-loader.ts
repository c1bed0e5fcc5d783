import { join } from "node:path";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { userCacheFolder } from "../../support/paths.js";
import { Loader, workerThreads, type LoaderOptions } from "../loader/loader.js";
import { diskCache } from "./disk-cache.js";
import { withoutFixedStart } from "./fixed-transforms.js";
import { PIXELS_AT } from "./image-file.js";
import { memoryCache } from "./memory-cache.js";
import type { CacheListener } from "./report.js";

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
  const { path, sizes } = cached;
  const [first = [], ...more] = rest;
  const decoded = { kind: "decoded", origin: dataset.pixels, path, start: PIXELS_AT, ...sizes } as const;
  return new Loader({ ...options, decoded, transforms: first, moreViews: more });
}
