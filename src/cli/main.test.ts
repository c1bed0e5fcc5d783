import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jpeg } from "../data/testing.fixture.js";
import { escapeControls } from "../support/terminal.js";
import { longtail, smallPhotographs } from "./cli.fixture.js";

let photographs = "";
beforeAll(() => {
  photographs = smallPhotographs();
});
afterAll(() => {
  rmSync(photographs, { recursive: true, force: true });
});

describe("help", () => {
  test.each([
    ["--help"],
    ["train", "--help"],
    ["recipes", "--help"],
    ["engine", "--help"],
    ["engine", "install", "--help"],
  ])("%s teaches by example", async (...args) => {
    const { code, stdout, stderr } = await longtail(...args);
    expect(code).toBe(0);
    expect(stdout).toContain("Usage: longtail");
    expect(stderr).toBe("");
  });

  test("every command has --json and --debug", async () => {
    for (const command of [
      ["quickstart"],
      ["train"],
      ["evaluate"],
      ["predict"],
      ["recipes"],
      ["data", "check"],
      ["data", "info"],
      ["engine", "info"],
      ["engine", "install"],
    ]) {
      const { stdout } = await longtail(...command, "--help");
      expect(stdout).toContain("--json");
      expect(stdout).toContain("--debug");
    }
  });

  test("--version", async () => {
    expect((await longtail("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

test("names of classes and files are escaped before they reach a terminal", async () => {
  const folder = mkdtempSync(join(tmpdir(), "longtail-names-"));
  const name = "bee\u001b]52;c;eA==\u0007\u202etxt";
  for (const split of ["train", "test"])
    for (const one of [name, "ant"]) {
      mkdirSync(join(folder, split, one), { recursive: true });
      writeFileSync(join(folder, split, one, "1.jpg"), jpeg());
    }
  const { code, stdout, stderr } = await longtail("data", "info", "--data", folder);
  expect(code).toBe(0);
  expect(stdout + stderr).toContain("bee\\u001b]52;c;eA==\\u0007\\u202etxt");
  expect(escapeControls(stdout + stderr)).toBe(stdout + stderr);
  rmSync(join(folder, "train", "ant"), { recursive: true });
  writeFileSync(join(folder, "train", name, "1.jpg"), "");
  const refused = await longtail("predict", "no-run", join(folder, "train", name, "1.jpg"));
  expect(escapeControls(refused.stderr)).toBe(refused.stderr);
  rmSync(folder, { recursive: true });
});

describe("wrong use ends with 2 and a message without a stack", () => {
  test.each<[string[], string]>([
    [[], "Usage: longtail"],
    [["trian"], "error: unknown command 'trian'\n(Did you mean train?)"],
    [["train"], "error: missing required argument 'recipe'"],
    [["train", "cifar100-lt-ncl", "--sead", "1"], "error: unknown option '--sead'\n(Did you mean --seed?)"],
    [
      ["train", "caltech20-lt-ce", "--epochs", "5"],
      "error: unknown option '--epochs'; a recipe's keys are changed with --set: --set epochs=5",
    ],
    [
      ["train", "caltech20-lt-ce", "--lr=0.1", "--data", "."],
      "unknown option '--lr'; a recipe's keys are changed with --set: --set optimizer.lr=0.1",
    ],
    [["quickstart", "--batch-size"], "--set data.batch=VALUE"],
    [["train", "caltech20-lt-ce", "--output-dir", "out"], "unknown option '--output-dir'; it is --out here"],
    [["watch", "--epochs", "5"], "unknown option '--epochs'\n"],
    [
      ["train", "caltech20-lt-ce", "--set", "lr=0.1"],
      "error: unknown key lr; did you mean optimizer.lr? (--set lr=0.1)",
    ],
    [
      ["train", "caltech20-lt-ce", "--set", "optimizer.learning_rate=0.1"],
      "unknown key optimizer.learning_rate; did you mean optimizer.lr?",
    ],
    [
      ["train", "cifar100-lt-ncl", "--threads", "0"],
      "argument '0' is invalid. Expected a whole number >= 1.",
    ],
    [["train", "cifar100-lt-nc"], 'error: unknown recipe "cifar100-lt-nc"; did you mean cifar100-lt-ncl?'],
    [
      ["train", "cifar100-lt-ncl"],
      "error: recipe cifar100-lt-ncl names no data folder; give it with --data FOLDER",
    ],
    [
      ["train", "cifar100-lt-ncl", "--set", "epocs=1"],
      "error: unknown key epocs; did you mean epochs? (--set epocs=1)",
    ],
    [
      ["train", "cifar100-lt-ncl", "--set", "epochs=few"],
      'error: epochs: expected a whole number > 0, found "few" (--set epochs=few)',
    ],
    [
      ["train", "cifar100-lt-ncl", "--set", "epochs"],
      '--set expects key=value, such as optimizer.lr=0.05; found "epochs"',
    ],
    [
      ["train", "--data", ".", "--mlflow", "cifar100-lt-ncl", "cifar100-lt-ncl"],
      '--mlflow: expected the address of an MLflow server, http://… or https://…, found "cifar100-lt-ncl"',
    ],
    [
      ["train", "cifar100-lt-ncl", "--data", ".", "--mlflow-experiment", "tails"],
      "--mlflow-experiment is for a server: give --mlflow as well",
    ],
    [["evaluate", "runs", "--split", "val"], "Allowed choices are test, train."],
  ])("longtail %j", async (args, message) => {
    const { code, stdout, stderr } = await longtail(...args);
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  test("an unknown device names those that are there", async () => {
    const { code, stderr } = await longtail(
      "train",
      "caltech20-lt-ce",
      "--data",
      photographs,
      "--device",
      "tpu",
      "--out",
      `${photographs}/run`,
    );
    expect(stderr).toMatch(/device "tpu": expected one of cpu/);
    expect(code).toBe(2);
  });
});

describe("a failure ends with 1", () => {
  const args = ["train", "cifar100-lt-ncl", "--data", "/no/such/folder", "--out", "/tmp/longtail-no-run"];

  test("people get the message, machines get JSON", async () => {
    const { code, stdout, stderr } = await longtail(...args, "--json");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: \/no\/such\/folder: data folder not found; expected CIFAR-100's binary version/,
    );
    expect(JSON.parse(stdout)).toMatchObject({ error: { name: "DataError" } });
  });

  test("--debug shows the stack", async () => {
    const { stderr } = await longtail(...args, "--debug");
    expect(stderr).toMatch(/\n {4}at /);
  });
});

describe("recipes", () => {
  test("lists them", async () => {
    const { code, stdout } = await longtail("recipes");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^cifar100-lt-ncl +NCL, 3 x ResNet-32, CIFAR-100-LT/m);
    expect(stdout).toMatch(/^ +Li et al., CVPR 2022: one expert \/ ensemble 53.3 \/ 54.2 %/m);
  });

  test("as JSON on stdout, as text on stderr", async () => {
    const { stdout, stderr } = await longtail("recipes", "--json");
    expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ name: "cifar100-lt-ncl" }));
    expect(stderr).toContain("cifar100-lt-ncl");
  });

  test("shows one with every default and the changes", async () => {
    const { stdout } = await longtail("recipes", "cifar10-lt-ncl", "--set", "epochs=7");
    expect(JSON.parse(stdout)).toMatchObject({
      epochs: 7,
      method: { experts: 3, hardCategorySource: "first" },
      precision: "float32",
    });
  });

  test("explains the keys", async () => {
    const { stdout } = await longtail("recipes", "--keys");
    expect(stdout).toContain("optimizer.lr: a number > 0; required\n    base learning rate\n");
    expect(stdout).toContain("method.experts: a whole number > 0; default 3, when method.kind is ncl\n");
  });
});
