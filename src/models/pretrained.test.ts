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
import { renamed } from "./state-names.js";

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

/** Around a network's names, as PyTorch's wrappers and training scripts have them. */
const PREFIXES = [
  "",
  "module.",
  "_orig_mod.",
  "module._orig_mod.",
  "model.",
  "net.",
  "backbone.",
  "module.encoder_q.",
];

test.each(PREFIXES)("one network's weights go into every expert: %s", (prefix) => {
  const { backbone, fc } = torchvision();
  const key = new Map([...buildBackbone("resnet8", { rng }).stateDict()]);
  const others = prefix.endsWith("encoder_q.")
    ? renamed(key, (name) => `module.encoder_k.${name}`)
    : new Map<string, Tensor>();
  const add = { ...Object.fromEntries(renamed(new Map(Object.entries(fc)), (name) => prefix + name)) };
  write(backbone.stateDict(), {
    rename: (name) => prefix + name,
    add: { ...add, ...Object.fromEntries(others) },
  });
  const model = ensemble(3);
  const classifier = model.stateDict().get("classifier.0.weight")!.clone();
  const notes = loadPretrained(model, { file, load: "backbone" });
  for (const expert of model.backbones) expectEqual(expert, backbone);
  expect(model.stateDict().get("classifier.0.weight")!.equal(classifier)).toBe(true);
  expect(notes).toEqual([expect.stringContaining(`left out: "${prefix}fc.weight", "${prefix}fc.bias"`)]);
});

test.each(["fc", "linear", "head", "head.fc", "classifier", "last_linear"])(
  "a single network's classifier is known as %s",
  (name) => {
    const [saved, model, backbones] = [ensemble(1), ensemble(1), ensemble(1)];
    const rename = (own: string): string =>
      `net.${own.replace("backbone.0.", "").replace("classifier.0", name)}`;
    write(saved.stateDict(), { rename });
    expect(loadPretrained(model, { file, load: "all" })).toEqual([]);
    expectEqual(model, saved);
    const notes = loadPretrained(backbones, { file, load: "backbone" });
    expectEqual(backbones.backbones[0]!, saved.backbones[0]!);
    expect(notes).toEqual([`${file}: left out: "net.${name}.weight", "net.${name}.bias".`]);
  },
);

test("two networks in a file: the recipe says which one", () => {
  const [first, second] = [torchvision().backbone, torchvision().backbone];
  const add = Object.fromEntries(renamed(second.stateDict(), (name) => `right.${name}`));
  write(first.stateDict(), { rename: (name) => `left.${name}`, add });
  const model = ensemble(1);
  expect(() => loadPretrained(model, { file, load: "backbone" })).toThrow(
    "it is there more than once, as left.… and right.…; pretrained.key names the one to take",
  );
  loadPretrained(model, { file, load: "backbone", key: "right" });
  expectEqual(model.backbones[0]!, second);
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
    `"CheckpointError: /weights.safetensors does not fit this network: state dictionary: "layer1.0.conv2.weight": expected shape [16, 16, 3, 3], found no such tensor; the file has 41 tensors: "conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var", "bn1.num_batches_tracked", "layer1.0.conv1.weight", "layer1.0.bn1.weight" and 33 more"`,
  );
  expect(fault("backbone", { add: { "conv1.weight": ones([16, 3, 7, 7]) } })).toMatchInlineSnapshot(
    `"CheckpointError: /weights.safetensors does not fit this network: state dictionary: "conv1.weight": expected shape [16, 3, 3, 3], found [16, 3, 7, 7]; the file has 42 tensors: "conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var", "bn1.num_batches_tracked", "layer1.0.conv1.weight", "layer1.0.bn1.weight" and 34 more"`,
  );
  expect(fault("backbone", { add: { "layer1.1.conv1.weight": ones([1]) } })).toMatchInlineSnapshot(
    `"CheckpointError: /weights.safetensors does not fit this network: state dictionary: "layer1.1.conv1.weight": expected no such tensor, found one; the file has 43 tensors: "conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var", "bn1.num_batches_tracked", "layer1.0.conv1.weight", "layer1.0.bn1.weight" and 35 more"`,
  );
  expect(fault("backbone", { rename })).toMatchInlineSnapshot(
    `"CheckpointError: /weights.safetensors does not fit this network: state dictionary: "backbone.1.conv1.weight": expected shape [16, 3, 3, 3], found no such tensor; the file has 42 tensors: "backbone.0.conv1.weight", "backbone.0.bn1.weight", "backbone.0.bn1.bias", "backbone.0.bn1.running_mean", "backbone.0.bn1.running_var", "backbone.0.bn1.num_batches_tracked", "backbone.0.layer1.0.conv1.weight", "backbone.0.layer1.0.bn1.weight" and 34 more"`,
  ); // one expert's weights for two
  expect(fault("all", { add: fc })).toMatchInlineSnapshot(
    `"CheckpointError: /weights.safetensors does not fit this network: state dictionary: "backbone.1.conv1.weight": expected shape [16, 3, 3, 3], found no such tensor; the file has 44 tensors: "conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var", "bn1.num_batches_tracked", "layer1.0.conv1.weight", "layer1.0.bn1.weight" and 36 more"`,
  ); // one network's weights for two experts
});

test("a file that cannot be read, or of another kind", () => {
  const model = ensemble(1);
  const load = (name: string) => () => loadPretrained(model, { file: join(folder, name), load: "backbone" });
  expect(load("none.safetensors")).toThrow(/none[.]safetensors: cannot be read/);
  writeFileSync(join(folder, "weights.onnx"), "ONNX");
  expect(load("weights.onnx")).toThrow(
    /weights[.]onnx: expected a file of weights: one that torch.save wrote, or one that ends in [.]safetensors/,
  );
});

test("weights that are not there: the message says how to give them", () => {
  const issues = pretrainedIssues({
    backbone: "resnet8",
    pretrained: { weights: null, file: "/nowhere/weights.pth", load: "backbone", key: null },
  });
  expect(() => {
    assertNoIssues(toyRecipe("data"), issues);
  }).toThrowErrorMatchingInlineSnapshot(
    `[UsageError: pretrained.file: expected the weights to start from, found no file /nowhere/weights.pth; give them with --set pretrained.file=FILE (.pth, such as torchvision's, or .safetensors), or start at random with --set pretrained=null (recipe toy)]`,
  );
  expect(pretrainedIssues({ backbone: "resnet8", pretrained: null })).toEqual([]);
});

test("published weights of another network", () => {
  const pretrained = {
    weights: "efficientnet-lite0",
    file: null,
    load: "backbone",
    key: null,
  } as const;
  const issues = pretrainedIssues({ backbone: "resnet8", pretrained });
  expect(() => {
    assertNoIssues(toyRecipe("data"), issues);
  }).toThrow(
    'backbone: expected efficientnet-lite0, which pretrained.weights efficientnet-lite0 is for, found "resnet8"',
  );
});
