/** A folder of images and a loader of them, to be cached. */
import { join } from "node:path";
import type { TransformSpec } from "../../recipes/schema.js";
import { scope } from "../../torch/scope.js";
import type { Dataset } from "../dataset.js";
import { openImageFolder } from "../formats/image-folder.js";
import type { Loader, LoaderOptions } from "../loader/loader.js";
import { buildSampler } from "../samplers/registry.js";
import { plainOptions, png, temporaryFolder, writeFiles } from "../testing.fixture.js";
import { openLoader } from "./open-loader.js";
import type { CacheReport } from "./report.js";

export const SIDE = 8;
export const resize = { kind: "resize", interpolation: "bilinear", size: 10 } satisfies TransformSpec;
export const centerCrop = { kind: "center-crop", size: 9 } satisfies TransformSpec;
export const randomCrop = { kind: "random-crop", size: SIDE, padding: 0 } satisfies TransformSpec;
export const flip = { kind: "horizontal-flip", p: 0.5 } satisfies TransformSpec;
export const resizedCrop = {
  kind: "random-resized-crop",
  size: SIDE,
  scale: [0.2, 1],
  ratio: [3 / 4, 4 / 3],
  interpolation: "bilinear",
  grows: false,
} satisfies TransformSpec;

const noise = (image: number) => (y: number, x: number, channel: number) =>
  (image * 57 + y * 31 + x * 17 + channel * 5) % 256;
export const image = (i: number): Uint8Array => png(12 + (i % 5), 11 + (i % 7), { value: noise(i) });

/** A folder of 20 images in two classes, each of another size, and one for caches. */
export function withImages(): Disposable & { dataset: Dataset; folder: string; cacheFolder: string } {
  const temporary = temporaryFolder();
  const folder = join(temporary.path, "data");
  const name = (i: number): string => `train/${i < 15 ? "a" : "b"}/${i + 10}.png`;
  writeFiles(folder, Object.fromEntries(Array.from({ length: 20 }, (_, i) => [name(i), image(i)])));
  const dataset = openImageFolder({ root: folder, strict: true }, "train");
  const remove = (): void => temporary[Symbol.dispose]();
  return { dataset, folder, cacheFolder: join(temporary.path, "cache"), [Symbol.dispose]: remove };
}

export function options(dataset: Dataset, changes: Partial<LoaderOptions> = {}): LoaderOptions {
  const sampler = buildSampler({ kind: "class-balanced" }, { dataset, seed: 2, epochs: 4 });
  const transforms = [resize, centerCrop, randomCrop, flip];
  return { ...plainOptions(dataset, SIDE), batch: 6, sampler, seed: 5, transforms, ...changes };
}

export interface Caching {
  readonly cache: "none" | "memory" | "disk";
  readonly cacheFolder: string | null;
  readonly reports?: CacheReport[];
  readonly signal?: AbortSignal;
}

/** The bytes of two epochs. */
export async function batches(of: LoaderOptions, { reports = [], ...caching }: Caching): Promise<number[][]> {
  using loader = await openLoader(of, { ...caching, report: (report) => reports.push(report) });
  using _ = scope();
  return [0, 1].flatMap((epoch) => Array.from(loader.epoch(epoch), ({ images }) => images.toList()));
}

export const warnings = (reports: readonly CacheReport[]): string[] =>
  reports.flatMap((report) => (report.type === "warning" ? [report.message] : []));

export const none: Caching = { cache: "none", cacheFolder: null };

/** Fills a cache until the first report. */
export function interrupted(
  { dataset, cacheFolder }: ReturnType<typeof withImages>,
  { cache }: { cache: "memory" | "disk" },
): Promise<Loader> {
  const controller = new AbortController();
  return openLoader(options(dataset, { workers: 1 }), {
    ...{ cache, cacheFolder, signal: controller.signal },
    report: () => controller.abort(new Error("enough")),
  });
}
