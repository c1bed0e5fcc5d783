import { join } from "node:path";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, expect, test } from "vitest";
import type { Module } from "../nn/module.js";
import { ones, zeros } from "../torch/create.js";
import { Rng } from "../torch/random.js";
import { writeSafetensors } from "../torch/safetensors.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { ExpertEnsemble } from "./ensemble.js";
import { assertNoIssues } from "../recipes/faults.js";
import { toyRecipe } from "../training/toy.fixture.js";
import { loadPretrained, pretrainedIssues } from "./pretrained.js";
import { buildBackbone, buildClassifier } from "./registry.js";

const folder = mkdtempSync(join(tmpdir(), "longtail-pretrained-"));
const file = join(folder, "weights.safetensors");
afterAll(() => rmSync(folder, { recursive: true }));

const rng = new Rng(7);
const open = scope(); // the models below live as long as the test file
afterAll(() => open[Symbol.dispose]());

function ensemble(experts = 2): ExpertEnsemble {
  const parts = Array.from({ length: experts }, () => ({
    backbone: buildBackbone("resnet8", { rng }),
    classifier: buildClassifier({ kind: "fc", bias: true }, { inFeatures: 64, classes: 3, rng }),
  }));
  return new ExpertEnsemble(parts, { dropout: 0 });
}

/** The file with the given tensors under changed names. */
function write(
  state: ReadonlyMap<string, Tensor>,
  {
    rename = (name) => name,
    drop = /^$/,
    add = {},
  }: { rename?: (name: string) => string; drop?: RegExp; add?: Record<string, Tensor> } = {},
): void {
  const kept = [...state].filter(([name]) => !drop.test(name));
  writeSafetensors(
    file,
    new Map([...kept.map(([name, t]) => [rename(name), t] as const), ...Object.entries(add)]),
  );
}

function expectEqual(found: Module, expected: Module): void {
  const own = found.stateDict();
  for (const [name, value] of expected.stateDict()) expect(own.get(name)!.equal(value), name).toBe(true);
}

/** A network by torchvision's names, its classifier among them. */
function torchvision(): { backbone: Module; fc: Record<string, Tensor> } {
  return {
    backbone: buildBackbone("resnet8", { rng }),
    fc: { "fc.weight": zeros([1000, 64]), "fc.bias": zeros([1000]) },
  };
}

test.each([
  ["torchvision's names", (name: string) => name],
  ["inside a parallel wrapper", (name: string) => `module.${name}`],
])("one network's weights go into every expert: %s", (_names, rename) => {
  const { backbone, fc } = torchvision();
  const add = Object.fromEntries(Object.entries(fc).map(([name, value]) => [rename(name), value]));
  write(backbone.stateDict(), { rename, add });
  const model = ensemble(3);
  const classifier = model.stateDict().get("classifier.0.weight")!.clone();
  loadPretrained(model, { file, load: "backbone" });
  for (const expert of model.backbones) expectEqual(expert, backbone);
  expect(model.stateDict().get("classifier.0.weight")!.equal(classifier)).toBe(true);
});

test("parameters stay trainable leaves", () => {
  write(torchvision().backbone.stateDict());
  const model = ensemble();
  loadPretrained(model, { file, load: "backbone" });
  expect(model.parameters().every((parameter) => parameter.isLeaf && parameter.requiresGrad)).toBe(true);
});

test("files without batch norm's counters fit", () => {
  const { backbone } = torchvision();
  write(backbone.stateDict(), { drop: /num_batches_tracked$/ });
  const model = ensemble(1);
  loadPretrained(model, { file, load: "backbone" });
  expectEqual(model.backbones[0]!, backbone);
});

test("an ensemble's weights: each expert takes its own, with or without the classifiers", () => {
  const saved = ensemble();
  write(saved.stateDict(), { rename: (name) => `module.${name}` });
  const [backbones, whole] = [ensemble(), ensemble()];
  loadPretrained(backbones, { file, load: "backbone" });
  backbones.backbones.forEach((backbone, k) => expectEqual(backbone, saved.backbones[k]!));
  expect(() => expectEqual(backbones, saved)).toThrow("classifier.0.weight");
  loadPretrained(whole, { file, load: "all" });
  expectEqual(whole, saved);
});

test("of a checkpoint that `longtail train` wrote, the model counts alone", () => {
  const saved = ensemble();
  write(saved.stateDict(), {
    rename: (name) => `model.${name}`,
    add: { "optimizer.momentum_buffer.0": ones([1]) },
  });
  const model = ensemble();
  loadPretrained(model, { file, load: "all" });
  expectEqual(model, saved);
});

test("a key encoder starts from its expert's weights", () => {
  const saved = ensemble();
  write(saved.stateDict());
  const keys = buildBackbone("resnet8", { rng });
  const state = new Map([...keys.stateDict()].map(([name, value]) => [`backbone_MA.1.${name}`, value]));
  const model = { stateDict: () => state } as unknown as Module;
  loadPretrained(model, { file, load: "backbone" });
  expectEqual(keys, saved.backbones[1]!);
});

test("what does not fit is an error that names file and tensor", () => {
  const { backbone, fc } = torchvision();
  const model = ensemble();
  const fault = (load: "backbone" | "all", options: Parameters<typeof write>[1]): string => {
    write(backbone.stateDict(), options);
    try {
      loadPretrained(model, { file, load });
    } catch (error) {
      return String(error).replace(folder, "");
    }
    return "none";
  };
  const rename = (name: string): string => `backbone.0.${name}`;
  expect(fault("backbone", { drop: /^layer1.0.conv2.weight$/ })).toMatchInlineSnapshot(
    `"CheckpointError: /weights.safetensors does not fit this network: state dictionary: "layer1.0.conv2.weight": expected shape [16, 16, 3, 3], found no such tensor"`,
  );
  expect(fault("backbone", { add: { "conv1.weight": ones([16, 3, 7, 7]) } })).toMatchInlineSnapshot(
    `"CheckpointError: /weights.safetensors does not fit this network: state dictionary: "conv1.weight": expected shape [16, 3, 3, 3], found [16, 3, 7, 7]"`,
  );
  expect(fault("backbone", { add: { "layer5.weight": ones([1]) } })).toMatchInlineSnapshot(
    `"CheckpointError: /weights.safetensors does not fit this network: state dictionary: "layer5.weight": expected no such tensor, found one"`,
  );
  expect(fault("backbone", { rename })).toMatchInlineSnapshot(
    `"CheckpointError: /weights.safetensors does not fit this network: state dictionary: "backbone.1.conv1.weight": expected shape [16, 3, 3, 3], found no such tensor"`,
  ); // one expert's weights for two
  expect(fault("all", { add: fc })).toMatchInlineSnapshot(
    `"CheckpointError: /weights.safetensors does not fit this network: state dictionary: "backbone.1.conv1.weight": expected shape [16, 3, 3, 3], found no such tensor"`,
  ); // one network's weights for two experts
});

test("a file that cannot be read, or of another kind", () => {
  const model = ensemble(1);
  const load = (name: string) => () => loadPretrained(model, { file: join(folder, name), load: "backbone" });
  expect(load("none.safetensors")).toThrow(/none[.]safetensors: cannot be read/);
  writeFileSync(join(folder, "weights.onnx"), "");
  expect(load("weights.onnx")).toThrow(
    /weights[.]onnx: expected a file of weights: one that torch.save wrote, or one that ends in [.]safetensors/,
  );
});

test("weights that are not there: the message says how to give them", () => {
  const issues = pretrainedIssues({ pretrained: { file: "/nowhere/weights.pth", load: "backbone" } });
  expect(() => {
    assertNoIssues(toyRecipe("data"), issues);
  }).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: pretrained.file: expected the weights to start from, found no file /nowhere/weights.pth; give them with --set pretrained.file=FILE (.pth, such as torchvision's, or .safetensors), or start at random with --set pretrained=null (recipe toy)]`,
  );
  expect(pretrainedIssues({ pretrained: null })).toEqual([]);
});
