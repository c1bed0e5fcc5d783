/** "BATCH_SIZE is per GPU when distributed": a YAML file of the reference code in two processes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { toyFolder } from "../../src/training/toy-folder.fixture.js";
import { launch, longtail } from "../support/launched.js";

const at = toyFolder("file");
const file = join(import.meta.dirname, "../ncl-recipes/cifar100_im100_NCL.yaml");

/** The file's training with toy images and a small network. */
function training(out: string, ...pairs: string[]): string[] {
  const sizes = { epochs: 1, backbone: "resnet8", "method.experts": 2, "method.hardCategories": 2 };
  const data = { "data.kind": "image-folder", "data.imageSize": 16, "data.train": "[]", "data.test": "[]" };
  const own = { ...sizes, ...data, "data.imbalance": "null", "selection.kind": "last" };
  const set = Object.entries(own).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  return ["train", file, ...pairs, "--data", at("data"), "--out", at(out), ...set];
}

test.each([
  [
    "True",
    8,
    "4 in each process",
    "TRAIN.BATCH_SIZE is of each process, as in the reference: 2 processes train with 8 together",
  ],
  ["False", 4, "2 in each process", null],
])(
  "with TRAIN.DISTRIBUTED %s and TRAIN.BATCH_SIZE 4 the batch is %i",
  async (distributed, batch, each, remark) => {
    const pairs = ["TRAIN.DISTRIBUTED", distributed, "TRAIN.BATCH_SIZE", "4"];
    const { code, stdout, stderr } = await longtail(launch(2, training(distributed, ...pairs)));
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(`[0] 2 processes: a batch of ${batch} images (data.batch), ${each}\n`);
    if (remark === null) expect(stderr).not.toContain("TRAIN.BATCH_SIZE");
    else expect(stderr).toContain(remark);
    const { recipe } = JSON.parse(readFileSync(join(at(distributed), "recipe.json"), "utf8")) as {
      recipe: { data: { batch: number } };
    };
    expect(recipe.data.batch).toBe(batch);
  },
);
