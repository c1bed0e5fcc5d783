import { expect, it } from "vitest";
import { detectKind } from "./detect-kind.js";
import { temporaryFolder, writeFiles } from "./testing.fixture.js";

it.each([
  ["train/bee/1.jpg", "image-folder"],
  ["train.txt", "list"],
  ["train.csv", "csv"],
  ["train.json", "annotations"],
  ["train2018.json", "inaturalist"],
  ["cifar-100-binary/train.bin", "cifar100"],
  ["data_batch_1.bin", "cifar10"],
  ["train-00000-of-00002.parquet", "parquet"],
  ["train-000.tar", "webdataset"],
  ["photos/1.jpg", "image-folder"],
  ["train/metadata.csv", undefined],
  ["1.jpg", undefined],
  ["val/1.jpg", undefined],
])("%s: %s", (file, kind) => {
  using folder = temporaryFolder();
  writeFiles(folder.path, { [file]: "" });
  expect(detectKind(folder.path)).toBe(kind);
  expect(detectKind(`${folder.path}/nowhere`)).toBeUndefined();
});

it("the files of CIFAR-100's Python archive, by themselves", () => {
  using folder = temporaryFolder();
  writeFiles(folder.path, { train: "", test: "" });
  expect(detectKind(folder.path)).toBeUndefined();
  writeFiles(folder.path, { meta: "" });
  expect(detectKind(folder.path)).toBe("cifar100");
});
