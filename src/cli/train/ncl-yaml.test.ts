/** The reference code's YAML files on the command line. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { longtail } from "../cli.fixture.js";

const configurations = join(import.meta.dirname, "../../../test/ncl-recipes");
const ncl = join(configurations, "cifar100_im100_NCL.yaml");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-reference-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("recipes", () => {
  test("shows what a file becomes on stdout, and what has no effect on stderr", async () => {
    const { code, stdout, stderr } = await longtail(
      "recipes",
      ncl,
      "TRAIN.MAX_EPOCH",
      "7",
      "VALID_STEP",
      "-1",
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      name: "NCL",
      epochs: 7,
      method: { kind: "ncl", logEpsilon: 1e-9 },
      evaluation: { every: 7, groups: "ncl" },
    });
    expect(stderr).toContain(`warning: not all of ${ncl} has its effect:\n  `);
    expect(stderr).toContain("\n  SHOW_STEP: no effect: ");
  });

  test("--set changes what came out of it", async () => {
    const { stdout } = await longtail(
      "recipes",
      ncl,
      "--set",
      "data.kind=cifar10",
      "--set",
      "method.logEpsilon=0",
    );
    expect(JSON.parse(stdout)).toMatchObject({
      data: { kind: "cifar10", batch: 64 },
      method: { logEpsilon: 0 },
    });
  });

  test("--set takes the file's own keys, too", async () => {
    const { stdout } = await longtail("recipes", ncl, "--set", "TRAIN.MAX_EPOCH=9", "--set", "NAME=a=b");
    expect(JSON.parse(stdout)).toMatchObject({ epochs: 9, name: "a=b" });
  });

  test("faults end with 2", async () => {
    const { code, stdout, stderr } = await longtail("recipes", ncl, "TRAIN.BATCHSIZE", "7");
    expect(stderr).toBe(
      "error: unknown key TRAIN.BATCHSIZE; did you mean TRAIN.BATCH_SIZE? (TRAIN.BATCHSIZE 7)\n",
    );
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  test("KEY VALUE pairs are for such files alone", async () => {
    const { code, stderr } = await longtail("recipes", "cifar100-lt-ncl", "TRAIN.MAX_EPOCH", "7");
    expect(stderr).toBe(
      "error: KEY VALUE pairs (TRAIN.MAX_EPOCH 7) are for YAML files of the reference code; use --set key=value\n",
    );
    expect(code).toBe(2);
  });
});

describe("train", () => {
  test("needs the data's folder", async () => {
    const { code, stderr } = await longtail("train", ncl);
    expect(stderr).toContain("error: recipe NCL names no data folder; give it with --data FOLDER\n");
    expect(code).toBe(2);
  });

  test("trains a file", async () => {
    const data = join(folder, "cifar10");
    writeSmallCifar(10, data);
    const run = join(folder, "run");
    const { code, stderr } = await longtail(
      ...["train", ncl, "TRAIN.MAX_EPOCH", "1", "TRAIN.BATCH_SIZE", "10", "LOSS.HCM_N", "3"],
      ...["BACKBONE.MULTI_NETWORK_TYPE", "['res32_cifar', 'res32_cifar']"],
      ...["DATASET.TRAIN_JSON", "cifar10_imbalance2_train.json"],
      ...["--data", data, "--out", run, "--threads", "1"],
    );
    expect(stderr).toContain("DATASET.TRAIN_JSON: no such file: CIFAR-10 from --data stands in");
    expect(code).toBe(0);
    expect(result(run)).toMatchObject({ groups: "ncl", experts: [{}, {}] });
  });

  test.each([
    ["cifar100_im100_NCL.yaml", [], 3],
    ["cifar100_im100_NCL_with_contrastive.yaml", [], 3],
    ["cifar100_im100_NCL++.yaml", [], 2],
    ["cifar100_im100_NCL.yaml", ["BACKBONE.MULTI_NETWORK_TYPE", "['res32_cifar']"], 1],
  ])("%s with %j: an epoch, judged afterwards", async (file, settings, experts) => {
    const data = join(folder, "cifar100");
    writeSmallCifar(100, data);
    const run = join(folder, `${file}-${experts}`);
    const { code, stderr } = await longtail(
      ...["train", join(configurations, file), "TRAIN.MAX_EPOCH", "1", ...settings],
      ...["DATASET.TRAIN_JSON", "cifar100_imbalance2_train.json"],
      ...["--data", data, "--out", run, "--threads", "1"],
    );
    expect(stderr).toContain("warning: not all of");
    expect(code).toBe(0);
    expect(result(run).experts).toHaveLength(experts);
    const evaluated = await longtail("evaluate", run, "--threads", "1", "--json");
    expect(result(run)).toMatchObject(JSON.parse(evaluated.stdout) as object);
  });

  test("more hard classes than there are", async () => {
    const data = join(folder, "cifar10");
    writeSmallCifar(10, data);
    const { code, stderr } = await longtail(
      ...["train", ncl, "DATASET.TRAIN_JSON", "cifar10_imbalance2_train.json"],
      ...["--data", data, "--out", join(folder, "refused")],
    );
    expect(stderr).toMatch(
      /error: method\.hardCategories: expected at most 10, the number of classes, found 30 \(.*yaml.*\)\n/,
    );
    expect(code).toBe(2);
    expect(existsSync(join(folder, "refused"))).toBe(false);
  });

  test("pretrained weights that are not there", async () => {
    const places = join(configurations, "Places_LT_NCL.yaml");
    const { code, stderr } = await longtail(
      "train",
      places,
      "--data",
      folder,
      "--out",
      join(folder, "places"),
    );
    expect(stderr).toContain("resnet152-b121ed2d.pth; give them with --set pretrained.file=FILE");
    expect(code).toBe(2);
  });
});

function result(run: string): { readonly groups: string; readonly experts: readonly unknown[] } {
  return JSON.parse(readFileSync(join(run, "result.json"), "utf8")) as ReturnType<typeof result>;
}

/**
 * In the binary format, the same images for training and tests: four of each class of CIFAR-10, or one of each class of
 * CIFAR-100 and another of the first, long-tailed already.
 */
function writeSmallCifar(classes: 10 | 100, to: string): void {
  mkdirSync(to, { recursive: true });
  const labels = Array.from({ length: classes === 10 ? 40 : 101 }, (_, i) => i % classes);
  const records = labels.map((label, i) =>
    Buffer.concat([Buffer.from(classes === 10 ? [label] : [0, label]), Buffer.alloc(3072, (6 * i) % 256)]),
  );
  const [train, test, names] =
    classes === 10
      ? ["data_batch_1.bin", "test_batch.bin", "batches.meta.txt"]
      : ["train.bin", "test.bin", "fine_label_names.txt"];
  for (const name of [train, test]) writeFileSync(join(to, name), Buffer.concat(records));
  writeFileSync(join(to, names), Array.from({ length: classes }, (_, c) => `class ${c}`).join("\n"));
}
