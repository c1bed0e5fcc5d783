import { expect, test } from "vitest";
import { ModelError } from "../support/errors.js";
import { type Graph, GraphBuilder } from "./graph.js";
import { METADATA_KEY, type ModelMetadata, PRODUCER, readModelMetadata } from "./metadata.js";
import { modelFile } from "./model-file.js";

const metadata: ModelMetadata = {
  version: 1,
  classes: ["ant", "bee"],
  trainImages: [120, 4],
  groups: ["many", "few"],
  input: "tensor",
  preprocessing: {
    transforms: [{ kind: "center-crop", size: 32 }],
    imageSize: 32,
    mean: [0.5, 0.5, 0.5],
    std: [0.25, 0.25, 0.25],
  },
  precision: "float32",
  temperature: { kind: "group", temperatures: { many: 1.5, medium: 1.2, few: 1.1 } },
  prior: { name: "uniform", shares: [1, 1] },
  logitPrior: "raw logits stand for the training's class frequencies",
  recipe: { name: "toy", hash: "ab", backbone: "resnet8", classifier: "fc", method: "ncl", experts: 3 },
  weights: null,
  accuracy: { images: 9, all: 50, many: 60, medium: null, few: 40 },
};

function graph(): Graph {
  const builder = new GraphBuilder();
  const x = builder.input({ name: "images", type: "float32", shape: ["N", 3] });
  builder.output(builder.node("Relu", [x]), { name: "logits", type: "float32", shape: ["N", 3] });
  return builder.build();
}

function file(changes: { producer?: string; properties?: Record<string, string> } = {}): Uint8Array {
  const properties = { [METADATA_KEY]: JSON.stringify(metadata) };
  const options = { producer: PRODUCER, producerVersion: "1", description: "", properties, ...changes };
  return Buffer.concat(modelFile(graph(), options));
}

function fault(bytes: Uint8Array): string {
  try {
    readModelMetadata(bytes, "m.onnx");
  } catch (error) {
    expect(error).toBeInstanceOf(ModelError);
    return (error as Error).message;
  }
  throw new Error("expected an error, found none");
}

test("what a model says of itself is read back", () => {
  expect(readModelMetadata(file(), "m.onnx")).toEqual(metadata);
});

test("a file that is no ONNX is named for what it is", () => {
  expect(fault(new Uint8Array())).toMatchInlineSnapshot(
    `"m.onnx: expected an ONNX model, found an empty file; get it again or remove it."`,
  );
  expect(fault(Buffer.from("PK\x03\x04 and more"))).toMatchInlineSnapshot(
    `"m.onnx: expected an ONNX model, found a zip archive (PyTorch's .pth is one)."`,
  );
  expect(fault(Buffer.from(`<html lang="en">`))).toContain("found an HTML page; a download that failed");
  expect(fault(Buffer.from("version https://git-lfs.github.com/spec/v1\n"))).toContain("`git lfs pull`");
  expect(fault(Buffer.from("weights"))).toMatchInlineSnapshot(
    `"m.onnx: expected an ONNX model, found text that begins with "weights"."`,
  );
  expect(fault(file().subarray(0, 40))).toMatchInlineSnapshot(
    `"m.onnx: expected an ONNX model, found something else, or a file that is cut off."`,
  );
});

test("a model of another program, or of another version, is refused", () => {
  expect(fault(file({ producer: "pytorch", properties: {} }))).toMatchInlineSnapshot(
    `"m.onnx: expected a model that longtail export wrote, which says its classes and how images are prepared, found one of pytorch. Export the run with longtail export RUN --format onnx."`,
  );
  expect(fault(file({ producer: "", properties: {} }))).toMatchInlineSnapshot(
    `"m.onnx: expected a model that longtail export wrote, which says its classes and how images are prepared, found one of a program that does not say its name. Export the run with longtail export RUN --format onnx."`,
  );
  const as = (changes: object): Uint8Array =>
    file({ properties: { [METADATA_KEY]: JSON.stringify({ ...metadata, ...changes }) } });
  expect(fault(as({ version: 2 }))).toMatchInlineSnapshot(
    `"m.onnx: expected the description of a model, version 1, in the metadata property longtail, found a fault at version: Invalid input: expected 1. Export the run again with this version of longtail."`,
  );
  expect(fault(as({ groups: ["few"] }))).toMatchInlineSnapshot(
    `"m.onnx: expected 2 entries in groups, one for each class, found 1."`,
  );
  expect(fault(file({ properties: { [METADATA_KEY]: "{" } }))).toMatchInlineSnapshot(
    `"m.onnx: expected the description of a model, version 1, in the metadata property longtail, found a fault at : Invalid input: expected object, received null. Export the run again with this version of longtail."`,
  );
});
