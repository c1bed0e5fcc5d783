import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeFiles } from "../testing.fixture.js";
import { batches, image, interrupted, none, options, warnings, withImages } from "./cache.fixture.js";
import { openLoader } from "./open-loader.js";
import type { CacheReport } from "./report.js";

describe("a filling that was interrupted", () => {
  it("goes on behind the images that are there, and ends with the same file", async () => {
    using images = withImages();
    const disk = { cache: "disk", cacheFolder: images.cacheFolder } as const;
    await expect(interrupted(images, disk)).rejects.toThrow("enough");
    const reports: CacheReport[] = [];
    const resumed = await batches(options(images.dataset, { workers: 1 }), { ...disk, reports });
    expect(reports.map((report) => report.type === "cache" && report.images)).toEqual(
      Array.from({ length: 9 }, (_, i) => 2 * (i + 2)),
    );
    expect(resumed).toEqual(await batches(options(images.dataset), none));
    const files = readdirSync(images.cacheFolder).filter((name) => !name.endsWith(".lock"));
    expect(files).toHaveLength(1);
    const path = join(images.cacheFolder, files[0]!);
    const content = readFileSync(path);
    writeFileSync(path, "");
    await batches(options(images.dataset), disk);
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it.each<[string, (partial: string) => void, number]>([
    ["its second image is damaged", damageSecondImage, 3],
    ["its file was cut", (partial) => truncateSync(partial, 90), 2],
    ["its journal was cut within a row", (partial) => truncateSync(`${partial}.journal`, 64 + 17), 3],
    ["its journal is another's", (partial) => writeFileSync(`${partial}.journal`, "x".repeat(88)), 2],
    ["its journal is gone, as of earlier versions", (partial) => rmSync(`${partial}.journal`), 2],
  ])("takes the images before the first that is not whole: %s", async (_, damage, first) => {
    using images = withImages();
    const disk = { cache: "disk", cacheFolder: images.cacheFolder } as const;
    await expect(interrupted(images, disk)).rejects.toThrow("enough");
    damage(partialIn(images.cacheFolder));
    const reports: CacheReport[] = [];
    const resumed = await batches(options(images.dataset, { workers: 1 }), { ...disk, reports });
    expect(reports[0]).toMatchObject({ type: "cache", images: first });
    expect(resumed).toEqual(await batches(options(images.dataset), none));
  });

  it("begins anew where an image has changed, and when it ends by a fault it leaves nothing", async () => {
    using images = withImages();
    const disk = { cache: "disk", cacheFolder: images.cacheFolder } as const;
    await expect(interrupted(images, disk)).rejects.toThrow("enough");
    writeFiles(images.folder, { "train/a/11.png": image(3) });
    const reports: CacheReport[] = [];
    expect(await batches(options(images.dataset), { ...disk, reports })).toEqual(
      await batches(options(images.dataset), none),
    );
    expect(warnings(reports).join()).toMatch(/train\/a\/11.png has changed; the images are cached anew/);
  });

  it("names the process that fills the cache, for others that wait", async () => {
    using images = withImages();
    const controller = new AbortController();
    const reports: CacheReport[] = [];
    const filling = openLoader(options(images.dataset, { workers: 1 }), {
      ...{ cache: "disk", cacheFolder: images.cacheFolder },
      report: (report) => {
        if (reports.push(report) > 1) return;
        const [lock] = readdirSync(images.cacheFolder).filter((name) => name.endsWith(".lock"));
        expect(readFileSync(join(images.cacheFolder, lock!), "utf8")).toMatch(
          new RegExp(`^process ${process.pid} on `),
        );
      },
      signal: controller.signal,
    });
    using _loader = await filling;
    expect(reports).toHaveLength(10);
  });
});

function partialIn(folder: string): string {
  return join(
    folder,
    readdirSync(folder).find((name) => name.endsWith(".partial"))!,
  );
}

/** The first one has 3 · 9 · 9 bytes or so behind the header of 72. */
function damageSecondImage(partial: string): void {
  const content = readFileSync(partial);
  content[content.length - 1]! ^= 1;
  writeFileSync(partial, content);
}
