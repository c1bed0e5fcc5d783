import { join } from "node:path";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, expect, test } from "vitest";
import { tensor } from "../torch/create.js";
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

test("what holds no state dictionary says what it holds", () => {
  using _ = scope();
  const path = join(folder, "other.pth");
  const fault = (value: Parameters<typeof writePth>[1]): (() => unknown) => {
    writePth(path, value);
    return () => loadWeights(path);
  };
  expect(fault(null)).toThrow("other.pth: expected a state dictionary, found None");
  expect(fault([])).toThrow("expected a state dictionary, found a list");
  expect(fault(tensor([1]))).toThrow("expected a state dictionary, found a tensor");
  expect(fault({})).toThrow("expected a state dictionary, found an empty dictionary");
  expect(fault({ weight: tensor([1]), epoch: 3n })).toThrow(
    'expected a state dictionary of tensors, found a number under "epoch"',
  );
});
