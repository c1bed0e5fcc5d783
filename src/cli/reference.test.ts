/** The reference code's YAML files on the command line. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { longtail } from "./cli.fixture.js";

const configurations = join(import.meta.dirname, "../../test/reference-recipes");
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
      evaluation: { every: 7, groups: "reference" },
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
    writeSmallCifar10(folder);
    const run = join(folder, "run");
    const { code, stderr } = await longtail(
      ...["train", ncl, "TRAIN.MAX_EPOCH", "1", "TRAIN.BATCH_SIZE", "10", "LOSS.HCM_N", "3"],
      ...["BACKBONE.MULTI_NETWORK_TYPE", "['res32_cifar', 'res32_cifar']"],
      ...["DATASET.TRAIN_JSON", "cifar10_imbalance2_train.json"],
      ...["--data", folder, "--out", run, "--threads", "1"],
    );
    expect(stderr).toContain("DATASET.TRAIN_JSON: the file is not read: CIFAR-10 from --data");
    expect(code).toBe(0);
    const { groups, experts } = JSON.parse(readFileSync(join(run, "result.json"), "utf8")) as {
      groups: string;
      experts: unknown[];
    };
    expect(groups).toBe("reference");
    expect(experts).toHaveLength(2);
  });
});

/** Four images of each class, in the binary format. */
function writeSmallCifar10(to: string): void {
  const records = Array.from({ length: 40 }, (_, i) => Buffer.alloc(3073, 6 * i).fill(i % 10, 0, 1));
  for (const name of ["data_batch_1.bin", "test_batch.bin"])
    writeFileSync(join(to, name), Buffer.concat(records));
  const names = "airplane automobile bird cat deer dog frog horse ship truck";
  writeFileSync(join(to, "batches.meta.txt"), names.replaceAll(" ", "\n"));
}
