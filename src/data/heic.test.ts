import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DataError } from "../support/errors.js";
import { scope } from "../torch/scope.js";
import { Tensor } from "../torch/tensor.js";
import { type DataSpec, pathsOf } from "./dataset.js";
import { checkData } from "../dataset-tools/check/check.js";
import { writeSplit } from "../dataset-tools/convert/split.js";
import { splitHash } from "./card.js";
import { tarOf } from "./formats/reading/tar.fixture.js";
import { isHeicFile, jpegOfHeic, withoutHeic } from "./heic-file.js";
import { openAllTraining, openDataset } from "./registry.js";
import { dataSpec, fixturePath, jpeg, writeFiles } from "./testing.fixture.js";
import { vision } from "./vision.js";

const photograph = fixturePath("profiles/phone.heic");
const expected = JSON.parse(readFileSync(fixturePath("profiles/heic.json"), "utf8")) as {
  readonly height: number;
  readonly width: number;
  readonly rgb: string;
};

vision(); // before the cache is elsewhere, so that no engine is installed there
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-heic-"));
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** Two classes; the files of the first are HEIC, one of them by its content alone. */
function photos(): DataSpec {
  for (const split of ["train", "test"])
    for (const name of ["ant", "bee"]) mkdirSync(join(folder, "photos", split, name), { recursive: true });
  const at = (path: string): string => join(folder, "photos", path);
  for (const path of ["train/ant/1.HEIC", "train/ant/2.jpg", "test/ant/1.heic"])
    copyFileSync(photograph, at(path));
  for (const path of ["train/bee/1.png", "test/bee/1.png"])
    copyFileSync(fixturePath("profiles/wide.png"), at(path));
  return dataSpec("image-folder", at(""));
}

function pixelPaths({ pixels }: Awaited<ReturnType<typeof openDataset>>): readonly string[] {
  return pixels.kind === "files" ? pixels.paths : [];
}

test("HEIC photographs are known by content, decoded once and shown in sRGB", async () => {
  const spec = photos();
  expect(isHeicFile(photograph)).toBe(true);
  expect(isHeicFile(fixturePath("profiles/wide.png"))).toBe(false);
  const dataset = await openDataset(spec, "train");
  expect(dataset.describe(0)).toContain("1.HEIC");
  const [first, second, third] = pixelPaths(dataset);
  expect(first).toBe(second); // the same content
  expect(third).toContain("1.png");
  const before = readdirSync(join(folder, "cache", "longtail", "heic"));
  expect(before).toHaveLength(1);
  await openDataset(spec, "test");
  expect(readdirSync(join(folder, "cache", "longtail", "heic"))).toEqual(before);

  using _ = scope();
  const image = new Tensor(vision().decodeImage(first!));
  expect(image.shape.slice(0, 2)).toEqual([expected.height, expected.width]);
  const values = Buffer.from(expected.rgb, "base64");
  const differences = Array.from(image.toArray() as Uint8Array, (value, i) => Math.abs(value - values[i]!));
  expect(differences.reduce((sum, one) => sum + one) / differences.length).toBeLessThan(2);
});

test("what is written of HEIC photographs names the user's files, wherever the cache lies", async () => {
  const spec = photos();
  const first = await openDataset(spec, "train");
  vi.stubEnv("XDG_CACHE_HOME", join(folder, "elsewhere"));
  const second = await openDataset(spec, "train");
  expect(pathsOf(second)!.map((path) => path.slice(folder.length))).toEqual([
    ...["/photos/train/ant/1.HEIC", "/photos/train/ant/2.jpg", "/photos/train/bee/1.png"],
  ]);
  expect(splitHash(second)).toBe(hashWith(first, join(folder, "cache")));

  const checked = await checkData(spec, {
    ...{ threads: 1, imageSize: null, cacheFile: join(folder, "cache.jsonl"), resume: true, bits: 0 },
    ...{ signal: new AbortController().signal, onStart: () => undefined, onProgress: () => undefined },
  });
  const found = checked!.findings.map(({ kind }) => kind);
  for (const kind of ["unreadable", "truncated", "wrong-extension"]) expect(found).not.toContain(kind);
  const parts = await writeSplit(
    await openAllTraining(spec),
    { ...spec, root: spec.root! },
    {
      ...{ plan: { test: null, imbalance: null, heldOut: { fraction: 0.5 }, seed: 0 }, force: false },
      ...{ out: join(folder, "split"), format: "list" },
    },
  );
  const listed = parts.flatMap(({ file }) => readFileSync(file, "utf8").trim().split("\n"));
  expect(listed.map((line) => line.split(" ")[0]).sort()).toEqual([
    ...["train/ant/1.HEIC", "train/ant/2.jpg", "train/bee/1.png"],
  ]);
});

/** The hash of a dataset that was opened with that cache. */
function hashWith(dataset: Parameters<typeof splitHash>[0], cache: string): string {
  vi.stubEnv("XDG_CACHE_HOME", cache);
  return splitHash(dataset);
}

test("a damaged HEIC file: an error that names it, or left out", async () => {
  const spec = photos();
  truncateSync(join(spec.root!, "train/ant/1.HEIC"), 400);
  await expect(openDataset(spec, "train")).rejects.toThrow(DataError);
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  await expect(openDataset(spec, "train")).rejects.toThrow(
    /1.HEIC: cannot be decoded, the HEIC file is damaged or truncated \(Invalid input: .* \(--no-strict/,
  );
  expect(log).not.toHaveBeenCalled(); // where libheif-js says it, among a command's output
  console.log("as before");
  expect(log).toHaveBeenCalledWith("as before");
  const kept = await openDataset({ ...spec, strict: false }, "train");
  expect(kept.size).toBe(2);
  expect(kept.leftOut).toContainEqual(
    expect.objectContaining({ where: expect.stringContaining("1.HEIC") as string, images: 1 }),
  );
});

test("a HEIC file that declares more pixels than are decoded at once", async () => {
  const content = readFileSync(photograph);
  const extent = content.indexOf("ispe", 0, "latin1");
  content.writeUInt32BE(10_000, extent + 8);
  content.writeUInt32BE(9000, extent + 12);
  const [error] = await withoutHeic([content], 0, { encode: vision().encodeImages, look: "at all" });
  expect(error).toBeInstanceOf(DataError);
  expect((error as DataError).message).toBe(
    "image 0: expected a HEIC image of at most 67108864 pixels, which is decoded at once, found 9000 x 10000 (height x width): save it as a JPEG",
  );
});

test("in an archive, too; a damaged one is named or left out", async () => {
  const heic = readFileSync(photograph);
  const members = { "0.heic": heic, "0.cls": "ant", "1.jpg": jpeg(), "1.cls": "bee" };
  writeFiles(folder, { "train.tar": tarOf(members), "test.tar": tarOf(members) });
  const spec = dataSpec("webdataset", folder);
  const { pixels } = await openDataset(spec, "train");
  const kept = join(folder, "cache", "longtail", "heic");
  const [name] = readdirSync(kept);
  const [whole] = vision().decodeImages({ kind: "files", paths: [join(kept, name!)] }, [], 1);
  const found = vision().decodeImages(pixels, [], 1);
  expect(found.map(({ height, width }) => [height, width])).toEqual([
    [expected.height, expected.width],
    [expect.any(Number), expect.any(Number)],
  ]);
  expect(Buffer.from(found[0]!.pixels).equals(Buffer.from(whole!.pixels))).toBe(true);

  writeFiles(folder, { "train.tar": tarOf({ ...members, "2.heic": heic.subarray(0, 400), "2.cls": "ant" }) });
  await expect(openDataset(spec, "train")).rejects.toThrow(
    /train.tar, 2.heic: cannot be decoded, the HEIC file is damaged or truncated \(Invalid input: .*--no-strict/,
  );
  const usable = await openDataset({ ...spec, strict: false }, "train");
  expect(usable.size).toBe(2);
  expect(usable.leftOut).toEqual([
    expect.objectContaining({
      where: expect.stringContaining("2.heic") as string,
      reason: "cannot be decoded, the HEIC file is damaged or truncated",
    }),
  ]);
});

test("embedded in a Parquet table, too", async () => {
  const images = [jpeg(), readFileSync(photograph)];
  const table = (data: Uint8Array[]): Uint8Array =>
    new Uint8Array(
      parquetWriteBuffer({
        columnData: [
          { name: "image", data, type: "BYTE_ARRAY" },
          { name: "label", data: data.map((_, i) => i), type: "INT32" },
        ],
      }),
    );
  writeFiles(folder, { "train.parquet": table(images) });
  const spec = dataSpec("parquet", folder);
  const { pixels } = await openDataset(spec, "train");
  expect(vision().decodeImages(pixels, [], 1)[1]).toMatchObject({
    height: expected.height,
    width: expected.width,
  });
  writeFiles(folder, { "train.parquet": table([...images, images[1]!.subarray(0, 400)]) });
  await expect(openDataset(spec, "train")).rejects.toThrow(
    /train.parquet, row 2: cannot be decoded, the HEIC file is damaged or truncated \(Invalid input: .*--no-strict/,
  );
});

test("the memory of libheif does not grow with the files that were decoded", async () => {
  const content = readFileSync(photograph);
  const box = Buffer.alloc(2 ** 23);
  box.writeUInt32BE(box.length);
  box.write("free", 4);
  const large = Buffer.concat([content, box]);
  const decode = (): Promise<Buffer> => jpegOfHeic(large, "large.heic", vision().encodeImages);
  const first = await decode();
  const library = createRequire(import.meta.url)("libheif-js/wasm-bundle.js") as { HEAP8: Int8Array };
  const before = library.HEAP8.length;
  for (let i = 0; i < 20; i++) expect(await decode()).toEqual(first);
  expect(library.HEAP8.length - before).toBeLessThan(5 * box.length);
});
