import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { fixturePath, temporaryFolder } from "../data/testing.fixture.js";
import { DataError } from "../support/errors.js";
import { dispose } from "../torch/scope.js";
import { decodeBatch } from "./images.js";

const side = 8;
const options = {
  transforms: [{ kind: "resize-exact", width: side, height: side, interpolation: "bilinear" }],
  imageSize: side,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  memoryFormat: "contiguous",
  workers: 1,
  first: 0,
} as const;
const jpeg = fixturePath("rgb.jpg");

async function valuesOf(images: readonly string[]): Promise<number[][]> {
  const made = await decodeBatch(images, options);
  const values = made.toList();
  dispose(made);
  return images.map((_, k) => values.slice(k * 3 * side ** 2, (k + 1) * 3 * side ** 2));
}

it("decodes HEIC photographs by whatever name, in their order", async () => {
  using folder = temporaryFolder();
  const [named, misnamed] = ["1.HEIC", "2.jpg"].map((name) => join(folder.path, name)) as [string, string];
  for (const path of [named, misnamed]) copyFileSync(fixturePath("profiles/phone.heic"), path);
  const [other, photograph] = await valuesOf([jpeg, named]);
  expect(other).not.toEqual(photograph);
  expect(await valuesOf([jpeg, misnamed, named, jpeg])).toEqual([other, photograph, photograph, other]);
});

it("says of a file that is no photograph by whatever name what it is", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "1.heic");
  writeFileSync(path, "<!DOCTYPE html><p>Not found");
  await expect(decodeBatch([jpeg, path], options)).rejects.toThrow(DataError);
  await expect(decodeBatch([jpeg, path], options)).rejects.toThrow(/1\.heic: .*found an HTML page/);
});
