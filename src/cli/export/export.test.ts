import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readCheckpoint, saveCheckpoint } from "../../training/checkpoint.js";
import { zeros } from "../../torch/create.js";
import { readPth } from "../../torch/pth/read.js";
import { readSafetensors } from "../../torch/safetensors.js";
import { memory, scope } from "../../torch/scope.js";
import type { Tensor } from "../../torch/tensor.js";
import { imageFiles, load as loadRun } from "../../index.js";
import { load } from "../../runtime/index.js";
import { longtail, quick, smallPhotographs } from "../cli.fixture.js";

/** One run, whose weights are exported, read back and judged. */
let photographs = "";
let run = "";
const at = (name: string): string => join(photographs, name);
beforeAll(async () => {
  photographs = smallPhotographs();
  run = at("run");
  const data = ["--data", photographs, "--out", run, "--threads", "1"];
  const trained = await longtail("train", "caltech20-lt-ce", ...data, ...quick);
  expect(trained.stderr).toBe("");
}, 120_000);
afterAll(() => {
  rmSync(photographs, { recursive: true, force: true });
});

/** The run's weights as its checkpoint has them, and as a file has them. */
function expectWeights(found: ReadonlyMap<string, Tensor>, prefix = ""): void {
  const { model } = readCheckpoint(join(run, "checkpoints/last.safetensors"));
  expect([...found.keys()]).toEqual([...model.keys()].map((name) => prefix + name));
  for (const [name, weight] of model) expect(found.get(prefix + name)!.equal(weight), name).toBe(true);
}

test("a .pth file is laid out as the reference's", async () => {
  const out = at("weights.pth");
  const { code, stdout } = await longtail("export", run, "--format", "pth", "--out", out);
  expect(stdout).toContain(`${out}: the weights of ${run}/checkpoints/last.safetensors`);
  expect(code).toBe(0);
  const before = memory().live;
  {
    using _ = scope();
    const { state_dict: state, ...rest } = Object.fromEntries(readPth(out) as Map<string, unknown>);
    expect(rest).toEqual({ epoch: 2, classes: ["airplanes", "helicopter", "scorpion"] });
    expectWeights(state as Map<string, Tensor>);
  }
  expect(memory().live).toBe(before);
});

test("safetensors has the classes in its metadata, and a prefix stands before every name", async () => {
  const out = at("weights.safetensors");
  const format = ["--format", "safetensors", "--prefix", "module."];
  const { stdout } = await longtail("export", run, ...format, "--out", out, "--json");
  expect(JSON.parse(stdout)).toMatchObject({ out, format: "safetensors" });
  using _ = scope();
  const { tensors, metadata } = readSafetensors(out);
  expect(metadata).toMatchObject({
    format: "pt",
    epoch: "2",
    classes: '["airplanes","helicopter","scorpion"]',
  });
  expectWeights(tensors, "module.");
});

test.each(["pth", "safetensors"])(
  "what was exported as %s is judged as the run, given its recipe",
  async (format) => {
    const out = at(`judged.${format}`);
    await longtail("export", run, "--format", format, "--prefix", "module.", "--out", out);
    const recipe = ["--recipe", "caltech20-lt-ce", "--data", photographs, ...quick];
    const [own, exported] = [
      await longtail("evaluate", run, "--json"),
      await longtail("evaluate", out, ...recipe, "--json"),
    ];
    expect(exported.stderr).toContain(`${out}: 12 test images`);
    expect(JSON.parse(exported.stdout)).toEqual(JSON.parse(own.stdout));
    const folder = join(photographs, "test/scorpion");
    const image = join(folder, readdirSync(folder)[0]!);
    const predictions = [
      await longtail("predict", run, image, "--json"),
      await longtail("predict", out, image, ...recipe, "--json"),
    ];
    expect(predictions[1]).toEqual(predictions[0]);
  },
);

test("an ONNX model answers every test image as the run does, and says what it is", async () => {
  const out = at("model.onnx");
  const { code, stdout } = await longtail(
    "export",
    run,
    "--format",
    "onnx",
    "--prior",
    "uniform",
    "--out",
    out,
  );
  expect(stdout).toMatch(
    /model[.]onnx: the network of .*last[.]safetensors\n {2}3 classes, 1 x resnet8, uncalibrated, for class frequencies uniform, float32/,
  );
  expect(stdout).toContain("compared with libtorch by ONNX Runtime: logits differ by ");
  expect(code).toBe(0);
  await using model = await load(out, { threads: 1 });
  expect(model.metadata).toMatchObject({
    classes: ["airplanes", "helicopter", "scorpion"],
    prior: { name: "uniform", shares: [1, 1, 1] },
    accuracy: null,
  });
  const images = (await imageFiles(join(photographs, "test"))).slice(0, 12);
  using trained = await loadRun(run);
  const expected = await trained.predict(images, { prior: "uniform", top: 3 });
  const found = await model.predict(images, { top: 3 });
  expect(found.map(({ predictions }) => predictions.map((one) => one.class))).toEqual(
    expected.map(({ predictions }) => predictions.map((one) => one.class)),
  );
});

test("a checkpoint without classes has no ONNX model", async () => {
  const path = at("nameless.safetensors");
  {
    using _ = scope();
    const { randomStates, ...checkpoint } = readCheckpoint(join(run, "checkpoints/last.safetensors"));
    const withoutRows = (name: string, weight: Tensor): Tensor =>
      name.startsWith("classifier.") ? zeros([0, ...weight.shape.slice(1)]) : weight;
    const model = new Map([...checkpoint.model].map(([name, weight]) => [name, withoutRows(name, weight)]));
    saveCheckpoint(path, {
      ...{ ...checkpoint, classes: [], counts: [], state: { ...checkpoint, model } },
      randomStates: randomStates.map((state) => state.toArray() as Uint8Array),
    });
  }
  const { code, stderr } = await longtail("export", path, "--format", "onnx", "--out", at("nameless.onnx"));
  expect(stderr).toContain("expected the names of its classes and their training images");
  expect(code).toBe(2);
  expect(existsSync(at("nameless.onnx"))).toBe(false);
});

test("what is missing is said", async () => {
  const out = at("none.pth");
  await longtail("export", run, "--format", "pth", "--out", at("alone.pth"));
  for (const [args, message, code] of [
    [["export", run, "--out", out], "required option '--format <name>' not specified", 2],
    [["export", run, "--format", "tf", "--out", out], "Allowed choices are onnx, web, pth, safetensors", 2],
    [
      ["export", run, "--format", "onnx", "--prefix", "module.", "--out", out],
      "--prefix: expected with --format pth and safetensors, found with --format onnx",
      2,
    ],
    [
      ["export", run, "--format", "pth", "--prior", "uniform", "--out", out],
      "--prior: expected with --format onnx and web, found with --format pth",
      2,
    ],
    [["export", run, "--format", "onnx", "--prior", "uniforms", "--out", out], "Did you mean uniform?", 2],
    [
      ["export", run, "--format", "onnx", "--out", "/dev/full/model.onnx"],
      "cannot write /dev/full/model.onnx",
      1,
    ],
    [["export", at("nowhere"), "--format", "pth", "--out", out], "nowhere does not exist", 1],
    [["evaluate", at("alone.pth")], "name its recipe with --recipe", 1],
    [["evaluate", at("alone.pth"), "--recipe", "caltech20-lt-ce"], "give it with --data", 2],
    [["evaluate", run, "--set", "backbone=resnet20"], "expected --recipe", 2],
  ] as const) {
    const outcome = await longtail(...args);
    expect(outcome.stderr).toContain(message);
    expect(outcome.code).toBe(code);
  }
  expect(existsSync(out)).toBe(false);
});
