import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { lockFile } from "../../torch/files.js";
import { scope } from "../../torch/scope.js";
import type { LoaderOptions } from "../loader/loader.js";
import { joinEncoded } from "../subset.js";
import { packedDataset, temporaryFolder, writeFiles } from "../testing.fixture.js";
import { openLoader, withoutFixedStart } from "./open-loader.js";
import type { CacheReport } from "./report.js";
import { assertRoom } from "./memory-cache.js";
import {
  batches,
  type Caching,
  centerCrop,
  flip,
  image,
  interrupted,
  none,
  options,
  randomCrop,
  resize,
  resizedCrop,
  SIDE,
  warnings,
  withImages,
} from "./cache.fixture.js";

describe("batches from a cache", () => {
  it.each([
    ["after a resize and a crop", {}],
    ["of whole images", { transforms: [resizedCrop, flip] }],
    ["without random transforms", { transforms: [resize, { ...centerCrop, size: SIDE }] }],
    ["of two views that begin alike", { moreViews: [[resize, centerCrop, flip, randomCrop]] }],
    ["of two views that do not", { moreViews: [[resizedCrop]] }],
  ] as [string, Partial<LoaderOptions>][])("are those without one: %s", async (_, changes) => {
    using images = withImages();
    const of = options(images.dataset, changes);
    const plain = await batches(of, none);
    expect(await batches(of, { cache: "memory", cacheFolder: null })).toEqual(plain);
    const disk = { cache: "disk", cacheFolder: images.cacheFolder } as const;
    expect(await batches(of, disk)).toEqual(plain);
    expect(await batches(of, disk)).toEqual(plain);
  });

  it("may come from image files in memory", async () => {
    const encoded = joinEncoded(Array.from({ length: 20 }, (_, i) => image(i)));
    using images = withImages();
    const of = options({ ...images.dataset, pixels: encoded });
    expect(await batches(of, { cache: "memory", cacheFolder: null })).toEqual(await batches(of, none));
  });

  it("are those of images in memory, which are not cached", async () => {
    using folder = temporaryFolder();
    const of = options(packedDataset(20, 12, (i, byte) => (i * 7 + byte) % 256));
    const reports: CacheReport[] = [];
    const cached = await batches(of, { cache: "disk", cacheFolder: join(folder.path, "cache"), reports });
    expect(cached).toEqual(await batches(of, none));
    expect(reports).toEqual([]);
    expect(readdirSync(folder.path)).toEqual([]);
  });
});

describe("a cache on the disk", () => {
  it("is filled once, and reports it", async () => {
    using images = withImages();
    const [first, second]: CacheReport[][] = [[], []];
    const disk = { cache: "disk", cacheFolder: images.cacheFolder } as const;
    await batches(options(images.dataset, { workers: 1 }), { ...disk, reports: first! });
    expect(first!.map((report) => report.type === "cache" && report.images)).toEqual(
      Array.from({ length: 10 }, (_, i) => 2 * (i + 1)),
    );
    expect(first!.at(-1)).toMatchObject({ split: "train", images: 20, total: 20 });
    await batches(options(images.dataset), { ...disk, reports: second! });
    expect(second).toEqual([]);
    expect(readdirSync(images.cacheFolder).filter((name) => name.endsWith(".images"))).toHaveLength(1);
  });

  it.each([
    ["cut off", (path: string) => truncateSync(path, 5000), "expected [0-9]+ bytes, found 5000"],
    ["empty", (path: string) => writeFileSync(path, ""), "it is no whole file of cached images"],
    ["of other images", otherKey, "it holds other images"],
    ["of a wrong table", wrongTable, "its table of images is damaged"],
  ] as [string, (path: string) => void, string][])("that is %s is made anew", async (_, damage, fault) => {
    using images = withImages();
    const of = options(images.dataset);
    const caching: Caching = { cache: "disk", cacheFolder: images.cacheFolder, reports: [] };
    const before = await batches(of, caching);
    const path = join(
      images.cacheFolder,
      readdirSync(images.cacheFolder).find((name) => name.endsWith(".images"))!,
    );
    const content = readFileSync(path);
    damage(path);
    expect(await batches(of, caching)).toEqual(before);
    expect(warnings(caching.reports!).join()).toMatch(
      new RegExp(`^/.*images: ${fault}; the images are cached anew.`),
    );
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it.each<[string, (path: string) => void, RegExp]>([
    ["other pixels", damagePixels, /the pixels of .* are damaged: expected another checksum/],
    ["a cut file", (path) => truncateSync(path, 200), /found the file's end: it was cut while it was in use/],
  ])(
    "that has %s while it is in use is an error, and is made anew by the next start",
    async (_, damage, fault) => {
      using images = withImages();
      const of = options(images.dataset);
      const disk = { cache: "disk", cacheFolder: images.cacheFolder } as const;
      const whole = await batches(of, disk);
      const [name] = readdirSync(images.cacheFolder).filter((one) => one.endsWith(".images"));
      const path = join(images.cacheFolder, name!);
      {
        using loader = await openLoader(of, disk);
        damage(path);
        let error = "";
        try {
          using _tensors = scope();
          expect([...loader.epoch(0)]).toEqual([]);
        } catch (thrown) {
          error = (thrown as Error).message;
        }
        expect(error).toMatch(fault);
        expect(error).toContain(
          "The cache is removed: the next start (train --resume) caches the images anew.",
        );
      }
      expect(existsSync(path)).toBe(false);
      expect(await batches(of, disk)).toEqual(whole);
    },
  );

  it("is made anew when an image has changed", async () => {
    using images = withImages();
    const of = options(images.dataset);
    const caching: Caching = { cache: "disk", cacheFolder: images.cacheFolder, reports: [] };
    await batches(of, caching);
    writeFiles(images.folder, { "train/a/10.png": image(3) });
    expect(await batches(of, caching)).toEqual(await batches(of, none));
    expect(warnings(caching.reports!).join()).toMatch(
      /train\/a\/10.png has changed; the images are cached anew.$/,
    );
  });

  it("is one for each way to begin", async () => {
    using images = withImages();
    const disk = { cache: "disk", cacheFolder: images.cacheFolder } as const;
    await batches(options(images.dataset), disk);
    await batches(options(images.dataset, { transforms: [{ ...resize, size: 9 }, randomCrop] }), disk);
    expect(readdirSync(images.cacheFolder).filter((name) => name.endsWith(".images"))).toHaveLength(2);
  });

  it("is waited for when another process makes it", { timeout: 60_000 }, async () => {
    using images = withImages();
    const caching: Caching = { cache: "disk", cacheFolder: images.cacheFolder, reports: [] };
    const of = options(images.dataset);
    await batches(of, caching);
    const path = join(
      images.cacheFolder,
      readdirSync(images.cacheFolder).find((name) => name.endsWith(".images"))!,
    );
    const content = readFileSync(path);
    writeFileSync(path, "damaged");
    const lock = lockFile(`${path}.lock`);
    const waiting = batches(of, caching);
    const last = (): string | undefined => warnings(caching.reports!).at(-1);
    await vi.waitFor(
      () => {
        expect(last()).toMatch(/process \d+ on \S+ fills this cache; waiting for it[.]$/);
      },
      { timeout: 20_000 },
    );
    writeFileSync(path, content); // as the other process would
    lock?.[Symbol.dispose]();
    expect(await waiting).toEqual(await batches(of, none));
  });
});

function otherKey(path: string): void {
  const content = readFileSync(path);
  content[20]! ^= 1;
  writeFileSync(path, content);
}

/** All but those of the first image. */
function damagePixels(path: string): void {
  const content = readFileSync(path);
  content.fill(255, content.length / 4, content.length / 2);
  writeFileSync(path, content);
}

function wrongTable(path: string): void {
  const content = readFileSync(path);
  content[content.length - 4]! ^= 1;
  writeFileSync(path, content);
}

describe("what ends the filling", () => {
  it.each(["memory", "disk"] as const)("an image that cannot be read (%s)", async (cache) => {
    using images = withImages();
    writeFiles(images.folder, { "train/b/29.png": "no image" });
    await expect(
      batches(options(images.dataset), { cache, cacheFolder: images.cacheFolder }),
    ).rejects.toThrow(
      "train/b/29.png: expected a JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP image, found text",
    );
    const left = existsSync(images.cacheFolder) ? readdirSync(images.cacheFolder) : [];
    expect(left.filter((name) => !name.endsWith(".lock"))).toEqual([]);
  });

  it("an image in memory that cannot be read", async () => {
    using images = withImages();
    const pixels = joinEncoded(
      Array.from({ length: 20 }, (_, i) => (i === 17 ? Buffer.from("no image") : image(i))),
    );
    const dataset = { ...images.dataset, pixels, describe: (index: number) => `train.parquet, row ${index}` };
    await expect(batches(options(dataset), { cache: "memory", cacheFolder: null })).rejects.toThrow(
      "train.parquet, row 17: expected a JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP image, found other content",
    );
  });

  it.each(["memory", "disk"] as const)("a signal (%s)", async (cache) => {
    using images = withImages();
    await expect(interrupted(images, { cache })).rejects.toThrow("enough");
    const left = existsSync(images.cacheFolder) ? readdirSync(images.cacheFolder) : [];
    const partial = left.filter((name) => /[.]images[.]partial([.]journal)?$/.test(name));
    expect(partial).toHaveLength(cache === "disk" ? 2 : 0);
    expect(left.filter((name) => name.endsWith(".images"))).toEqual([]);
  });

  it("too little room", async () => {
    using images = withImages();
    const all = { dataset: images.dataset, fixed: [resize], threads: 1 };
    await assertRoom(all, { place: "disk", free: 1e6 });
    await expect(assertRoom(all, { place: "memory", free: 5000 })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: data.cache=memory: the 20 train images take about 6.5 kB, and 5.0 kB of memory are free. Let data.train begin with a resize to a smaller size, or set data.cache=disk or none.]`,
    );
    await expect(assertRoom(all, { place: "disk", free: 5000 })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[UsageError: data.cache=disk: the 20 train images take about 6.5 kB, and 5.0 kB on the disk are free. Let data.train begin with a resize to a smaller size, or set data.cache=none.]`,
    );
  });

  it("nothing, but a later transform names the file", async () => {
    using images = withImages();
    const of = options(images.dataset, { transforms: [resize, { ...randomCrop, size: 12 }] });
    await expect(batches(of, { cache: "memory", cacheFolder: null })).rejects.toThrow(
      /train\/[ab]\/\d+.png: random-crop: /,
    );
  });
});

it("what views begin with and is the same every time", () => {
  expect(withoutFixedStart([[resize, centerCrop, randomCrop]])).toEqual({
    fixed: [resize, centerCrop],
    rest: [[randomCrop]],
  });
  expect(
    withoutFixedStart([
      [resize, centerCrop],
      [resize, centerCrop],
    ]),
  ).toEqual({ fixed: [resize, centerCrop], rest: [[], []] });
  expect(withoutFixedStart([[resize, centerCrop], [resize]])).toEqual({
    fixed: [resize],
    rest: [[centerCrop], []],
  });
  expect(withoutFixedStart([[resize], [{ ...resize, size: 11 }]])).toEqual({
    fixed: [],
    rest: [[resize], [{ ...resize, size: 11 }]],
  });
  expect(withoutFixedStart([[flip, resize]])).toEqual({ fixed: [], rest: [[flip, resize]] });
});
