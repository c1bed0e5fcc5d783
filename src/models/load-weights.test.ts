import { join } from "node:path";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, expect, test } from "vitest";
import { tensor } from "../torch/create.js";
import { writeArchive } from "../torch/pth/pth.fixture.js";
import { writePth } from "../torch/pth/write.js";
import { writeSafetensors } from "../torch/safetensors.js";
import { scope } from "../torch/scope.js";
import { loadWeights } from "./load-weights.js";

const folder = mkdtempSync(join(tmpdir(), "longtail-weights-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("PyTorch's files, whatever they are called, and safetensors give tensors by name", () => {
  using _ = scope();
  const weights = new Map([["layer.weight", tensor([1, 2])]]);
  const [bare, checkpoint, plain] = ["a.bin", "b.pth.tar", "c.safetensors"].map((name) => join(folder, name));
  writePth(bare!, weights);
  writePth(checkpoint!, { epoch: 3n, state_dict: weights });
  writeSafetensors(plain!, weights);
  for (const path of [bare!, checkpoint!, plain!]) {
    const [entry, ...others] = loadWeights(path);
    expect([entry![0], entry![1].toList(), others]).toEqual(["layer.weight", [1, 2], []]);
  }
});

test("the only or usual dictionary of tensors is taken, whatever is beside it", () => {
  using _ = scope();
  const path = join(folder, "wrapped.pth");
  const [weights, average] = [1, 2].map((value) => new Map([["layer.weight", tensor([value])]]));
  const taken = (saved: Parameters<typeof writePth>[1], key: string | null = null): number[] => {
    writePth(path, saved);
    return loadWeights(path, key).get("layer.weight")!.toList();
  };
  const others = { epoch: 3n, optimizer: { state: {}, param_groups: [] }, loss: 0.1 };
  for (const name of ["model", "net", "model_state_dict", "state_dict", "model_ema", "generator"])
    expect(taken({ ...others, [name]: weights! }), name).toEqual([1]);
  expect(taken({ model_ema: average!, model: weights! })).toEqual([1]);
  expect(taken({ criterion: average!, net: weights! })).toEqual([1]);
  expect(taken({ net: { state_dict: weights! } })).toEqual([1]);
  expect(taken({ model_ema: average!, model: weights! }, "model_ema")).toEqual([2]);
  const pair = new Map([
    ...["q", "k"].map((one, i) => [`encoder_${one}.layer.weight`, tensor([i])] as const),
  ]);
  expect(taken(pair, "encoder_k")).toEqual([1]);
  expect(() => taken({ model: weights!, net: average! })).toThrow(
    'wrapped.pth: expected one state dictionary, found "model", "net"; pretrained.key names the one to take',
  );
  expect(() => taken({ model: weights!, net: average! }, "swa")).toThrow(
    'under pretrained.key "swa", found "model", "net"',
  );
});

test("what holds no state dictionary says what it holds", () => {
  using _ = scope();
  const path = join(folder, "other.pth");
  const fault = (value: Parameters<typeof writePth>[1]): (() => unknown) => {
    writePth(path, value);
    return () => loadWeights(path);
  };
  const expected = "other.pth: expected a state dictionary of tensors, found";
  expect(fault(null)).toThrow(`${expected} None`);
  expect(fault([])).toThrow(`${expected} an empty list`);
  expect(fault(tensor([1]))).toThrow(`${expected} a tensor`);
  expect(fault({})).toThrow(`${expected} an empty dictionary`);
  expect(fault({ weight: tensor([1]), epoch: 3n, names: ["a"] })).toThrow(
    `${expected} a dictionary of 3: "weight" (a tensor), "epoch" (3), "names" (a list of 1)`,
  );
});

test("objects beside the weights are never built, and among the weights they are named", () => {
  using _ = scope();
  const path = join(folder, "objects.pth");
  const dictionary = (key: string, value: string): string =>
    `}X${String.fromCharCode(key.length)}\0\0\0${key}${value}s`;
  const namespace = "cargparse\nNamespace\n)\x81}X\u0002\0\0\0lrK\u0001sb";
  writeArchive(path, `\x80\u0002${dictionary("args", namespace)}.`);
  expect(() => loadWeights(path)).toThrow(
    'expected a state dictionary of tensors, found a dictionary of 1: "args" (an object of argparse.Namespace)',
  );
  writeArchive(path, "\x80\u0002cmodels.resnet\nResNet\n)\x81}b.");
  expect(() => loadWeights(path)).toThrow(
    "found an object of models.resnet.ResNet, which only Python can build; nothing of it was run. If it is a whole model",
  );
});

test("what a download left in place of a file is named", () => {
  const path = join(folder, "downloaded.pth");
  const fault = (content: string) => (): unknown => {
    writeFileSync(path, content);
    return loadWeights(path);
  };
  expect(fault("")).toThrow("found an empty file; get it again or remove it");
  expect(fault("version https://git-lfs.github.com/spec/v1\noid sha256:1\n")).toThrow(
    "`git lfs pull` gets the file itself",
  );
  expect(fault("<!DOCTYPE html><html>Virus scan warning</html>")).toThrow(
    "found an HTML page; a download that failed",
  );
});
