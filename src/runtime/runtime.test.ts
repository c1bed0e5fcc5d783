/** The runtime against the library: the same images, the same predictions, without libtorch's part in them. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fixturePath } from "../data/testing.fixture.js";
import { decodeBatch } from "../inference/images.js";
import { loadModel, type TrainedModel } from "../inference/model.js";
import { exportOnnx } from "../inference/onnx/export-onnx.js";
import { GraphBuilder } from "../onnx/graph.js";
import { METADATA_KEY, PRODUCER, readModelMetadata } from "../onnx/metadata.js";
import { modelFile } from "../onnx/model-file.js";
import { dispose, memory } from "../torch/scope.js";
import { temporaryFolder, toyRecipe, writeToyData } from "../training/toy.fixture.js";
import { trainToy } from "../training/train-toy.fixture.js";
import { type ImageInput, load, type RuntimeModel } from "./index.js";

const transforms = [
  { kind: "resize", size: 18, interpolation: "bicubic" },
  { kind: "center-crop", size: 16 },
] as const;

let temporary: ReturnType<typeof temporaryFolder>;
let run = "";
let trained: TrainedModel;
let model: RuntimeModel;
let photographs: string[] = [];
const at = (name: string): string => join(temporary.path, name);
const formats = fixturePath("formats");
const images = (): string[] =>
  readdirSync(formats)
    .filter((name) => !name.endsWith(".json") && !name.endsWith(".py") && !name.endsWith(".md"))
    .map((name) => join(formats, name));

beforeAll(async () => {
  temporary = temporaryFolder();
  const root = at("data");
  run = at("run");
  writeToyData(root);
  const base = toyRecipe(root);
  await trainToy(toyRecipe(root, { data: { ...base.data, test: [...transforms] } }), run);
  await exportOnnx(run, { out: at("model.onnx") });
  model = await load(at("model.onnx"), { threads: 1, workers: 1 });
  trained = await loadModel(run, {});
  photographs = ["ant", "bee", "cat"].flatMap((name) =>
    readdirSync(join(root, "test", name)).map((file) => join(root, "test", name, file)),
  );
}, 240_000);
afterAll(async () => {
  trained[Symbol.dispose]();
  await model[Symbol.asyncDispose]();
  temporary[Symbol.dispose]();
});

/** The message of what an input is refused with, without the folder's name. */
async function refused(action: () => Promise<unknown>): Promise<string> {
  const error: unknown = await action().then(
    () => "nothing was thrown",
    (thrown: unknown) => thrown,
  );
  return String(error).replaceAll(temporary.path, "DIR");
}

describe("the runtime", () => {
  test("answers as the library does, for paths, buffers and pixels, in batches of any size", async () => {
    const pixels = {
      data: new Uint8Array(16 * 20 * 4).fill(77),
      width: 20,
      height: 16,
      channels: 4,
    } as const;
    const given: ImageInput[] = [...photographs, readFileSync(photographs[0]!), pixels, ...images()];
    const expected = await trained.predict(given, { top: 2 });
    for (const batch of [1, 4, 64]) {
      const found = await model.predict(given, { top: 2, batch });
      found.forEach(({ image, predictions, calibrated }, n) => {
        expect(calibrated).toBe(false);
        expect(image).toBe(expected[n]!.image);
        predictions.forEach((prediction, rank) => {
          const { probability, ...rest } = expected[n]!.predictions[rank]!;
          expect(prediction).toMatchObject(rest);
          expect(prediction.probability).toBeCloseTo(probability, 5);
        });
      });
    }
    expect(model.classes).toEqual(["ant", "bee", "cat"]);
  });

  test("prepares images of every format to the byte as training does", async () => {
    const { data } = trained.recipe;
    const { live } = memory();
    const larger = readdirSync(fixturePath("jpeg")).flatMap((name) =>
      name.endsWith(".jpg") ? [join(fixturePath("jpeg"), name)] : [],
    );
    const phone = fixturePath("profiles/phone.heic");
    for (const path of [...images(), ...photographs, ...larger, phone, readFileSync(phone)]) {
      const tensor = await decodeBatch([path], {
        ...{ ...data, transforms: data.test, memoryFormat: "contiguous", first: 0 },
      });
      const expected = tensor.toArray() as Float32Array;
      dispose(tensor);
      const { data: found, shape } = await model.prepare(path);
      expect(shape).toEqual([3, 16, 16]);
      expect(Buffer.from(found.buffer).equals(Buffer.from(expected.buffer)), String(path).slice(0, 200)).toBe(
        true,
      );
    }
    expect(memory().live).toBe(live);
  });

  test("predicts what it prepared before", async () => {
    const prepared = await Promise.all(photographs.map((path) => model.prepare(path)));
    expect(await model.predict(prepared)).toEqual(await model.predict(photographs));
  });

  test("prepares the same on the calling thread, and names what it cannot read there", async () => {
    for (const path of photographs) {
      const [here, elsewhere] = [await model.prepare(path, { workers: 0 }), await model.prepare(path)];
      expect(here).toEqual(elsewhere);
    }
    const letter = Buffer.from("dear reader");
    const error = await refused(() => model.prepare(letter, { workers: 0 }));
    expect(error).toMatch(/^DataError: image 0: /);
    expect(error).toBe(await refused(() => model.prepare(letter)));
    await using none = await load(at("model.onnx"), { workers: 0 });
    expect(await none.predict(photographs)).toEqual(await model.predict(photographs));
  });

  test("memory that is used again holds no image of before, whichever could be read", async () => {
    const expected = await model.predict(photographs, { batch: 1 });
    const given = [...photographs, ...photographs].flatMap((path) => [path, at("nowhere.jpg"), path]);
    const found = await model.predict(given, { batch: 3, onUnreadable: () => undefined });
    expect(found).toEqual([...expected, ...expected].flatMap((one) => [one, one]));
    const prepared = await model.prepare(photographs[0]!);
    model.recycle(prepared);
    const next = await model.prepare(photographs[1]!);
    expect(next.data.buffer).toBe(prepared.data.buffer);
    expect(await model.predict(next)).toEqual({ ...expected[1], image: photographs[1] });
  });

  test("features are what the library gives", async () => {
    const wanted = await trained.predict(photographs, { features: true });
    const found = await model.predict(photographs, { features: true, batch: 5 });
    found.forEach(({ features }, n) => {
      expect(features).toHaveLength(wanted[n]!.features!.length);
      wanted[n]!.features!.forEach((value, k) => expect(features![k]).toBeCloseTo(value, 4));
    });
    expect((await model.predict(photographs[0]!)).features).toBeUndefined();
  });

  test("images that come over time are predicted as they come", async () => {
    let more: (path: string) => void = () => undefined;
    async function* coming(): AsyncGenerator<string> {
      yield photographs[0]!;
      yield await new Promise<string>((resolve) => (more = resolve));
    }
    const predictions = model.predictEach(coming(), { batch: 1 });
    expect((await predictions.next()).value).toMatchObject({ image: photographs[0] }); // while the second is awaited
    const second = predictions.next();
    more(photographs[1]!);
    expect((await second).value).toMatchObject({ image: photographs[1] });
  });

  test("a model that takes pixels prepares them inside", async () => {
    const out = at("pixels.onnx");
    const { metadata } = await exportOnnx(run, { out, input: "pixels" });
    expect(metadata.input).toBe("pixels");
    await using inside = await load(out, { threads: 1 });
    const [found, expected] = [await inside.predict(photographs), await model.predict(photographs)];
    found.forEach(({ predictions }, n) => {
      for (const { class: name, probability } of predictions) {
        const same = expected[n]!.predictions.find((one) => one.class === name);
        expect(Math.abs(same!.probability - probability)).toBeLessThan(0.01); // the filter's rounding
      }
    });
  });

  test("ONNX Runtime sends no reports", () => {
    expect(process.env["ORT_DISABLE_TELEMETRY"]).toBe("1");
  });

  test("ends for a signal, and after disposal", async () => {
    const reason = new Error("no longer needed");
    expect(await refused(() => model.predict(photographs, { signal: AbortSignal.abort(reason) }))).toBe(
      String(reason),
    );
    const controller = new AbortController();
    const seen: (string | null)[] = [];
    const ended = refused(async () => {
      for await (const { image } of model.predictEach(photographs, { batch: 2, signal: controller.signal })) {
        seen.push(image);
        controller.abort(reason);
      }
    });
    expect(await ended).toBe(String(reason));
    expect(seen).toEqual(photographs.slice(0, 2));
    const late = new AbortController();
    const opened = refused(() => load(readFileSync(at("model.onnx")), { threads: 1, signal: late.signal }));
    await setImmediate(); // ONNX Runtime loads it
    late.abort(reason);
    expect(await opened).toBe(String(reason));
    const other = await load(readFileSync(at("model.onnx")), { threads: 1 });
    await other[Symbol.asyncDispose]();
    expect(await refused(() => other.predict(photographs[0]!))).toMatchInlineSnapshot(
      `"LongtailError: the model of a buffer was disposed of; load it again to use it."`,
    );
  });
});

test("a list that ends the prediction and fails leaves no rejection behind that nobody handles", async () => {
  const unhandled: unknown[] = [];
  const receive = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", receive);
  const controller = new AbortController();
  const failing = {
    [Symbol.iterator]: (): Iterator<string> => {
      controller.abort(new Error("no longer needed"));
      throw new Error("the list fails");
    },
  };
  const predictions = model.predictEach(failing, { signal: controller.signal });
  expect(await refused(() => predictions.next())).toBe("Error: no longer needed");
  await setImmediate();
  process.off("unhandledRejection", receive);
  expect(unhandled).toEqual([]);
});

describe("bad input", () => {
  test("an image that cannot be read is named; the others are predicted where asked for", async () => {
    const broken = at("broken.png");
    writeFileSync(broken, readFileSync(photographs[0]!).subarray(0, 60));
    writeFileSync(at("notes.txt"), "no image");
    expect(await refused(() => model.predict(broken))).toMatchInlineSnapshot(
      `"DataError: DIR/broken.png: cannot be decoded, the file is damaged or truncated (source: bad seek to 1459)"`,
    );
    expect(await refused(() => model.predict(at("notes.txt")))).toMatchInlineSnapshot(
      `"DataError: DIR/notes.txt: expected a JPEG, PNG, WebP, GIF, TIFF, AVIF, HEIC or BMP image, found text"`,
    );
    expect(await refused(() => model.predict(at("nowhere.jpg")))).toMatchInlineSnapshot(
      `"DataError: DIR/nowhere.jpg: cannot be read: No such file or directory"`,
    );
    expect(await refused(() => model.predict([photographs[0]!, readFileSync(broken)]))).toMatchInlineSnapshot(
      `"DataError: image 1: cannot be decoded, the file is damaged or truncated (vipspng: libpng read error)"`,
    );
    expect(await refused(() => model.predict(Buffer.alloc(0)))).toMatchInlineSnapshot(
      `"DataError: image 0: the file is empty"`,
    );
    const cut = readFileSync(fixturePath("profiles/phone.heic")).subarray(0, 400);
    expect(await refused(() => model.predict([photographs[0]!, cut]))).toMatch(
      /Error: image 1: cannot be decoded, the HEIC file is damaged or truncated \(Invalid input/,
    );
    const unreadable: ImageInput[] = [];
    const found = await model.predict([broken, cut, photographs[0]!, at("notes.txt")], {
      onUnreadable: (image) => unreadable.push(image),
    });
    expect(unreadable).toEqual([broken, cut, at("notes.txt")]);
    expect(found.map(({ image }) => image)).toEqual([photographs[0]]);
    expect(await model.predict(broken, { onUnreadable: () => undefined })).toBeUndefined();
  });

  test("pixels that are not as they say leave the others of their batch, and are named by their index", async () => {
    const cut = readFileSync(fixturePath("profiles/phone.heic")).subarray(0, 400);
    const short = { data: new Uint8Array(5), width: 2, height: 2, channels: 3 } as const;
    const errors: string[] = [];
    const found = await model.predict([cut, short, photographs[0]!], {
      batch: 3,
      onUnreadable: (_, { message }) => errors.push(message),
    });
    expect(found.map(({ image }) => image)).toEqual([photographs[0]]);
    expect(errors[1]).toBe("image 1: expected 12 bytes of pixels (2 x 2 x 3), found 5.");
    expect(await refused(() => model.predict([photographs[0]!, short]))).toBe(`DataError: ${errors[1]}`);
  });

  test("images that another model prepared are refused", async () => {
    const other = { image: null, shape: [3, 32, 32], data: new Float32Array(3 * 32 * 32) } as const;
    expect(await refused(() => model.predict(other))).toMatchInlineSnapshot(
      `"UsageError: a prepared image: expected float32 [3, 16, 16], as the model that predicts it prepares it, found Float32Array of 3072 values, shape [3, 32, 32]."`,
    );
    expect(await refused(() => model.predict([photographs[0]!, other]))).toContain(
      "UsageError: a prepared image",
    );
    const pixels = { image: null, shape: [16, 16, 3], data: new Uint8Array(3 * 16 * 16) } as const;
    expect(await refused(() => model.predict(pixels))).toMatchInlineSnapshot(
      `"UsageError: a prepared image: expected float32 [3, 16, 16], as the model that predicts it prepares it, found Uint8Array of 768 values, shape [16, 16, 3]."`,
    );
    const short = { image: null, shape: [3, 16, 16], data: new Float32Array(5) } as const;
    expect(await refused(() => model.predict(short))).toContain("UsageError: a prepared image");
  });

  test("what is no image, and options that are wrong, are refused", async () => {
    expect(await refused(() => model.predict(7 as unknown as ImageInput))).toMatchInlineSnapshot(
      `"UsageError: image 0: expected a path, a Buffer or Uint8Array of an image file, or pixels { data, width, height, channels }, found a number."`,
    );
    expect(await refused(() => model.predict(photographs, { top: 0 }))).toMatchInlineSnapshot(
      `"UsageError: top: expected a whole number >= 1, found 0."`,
    );
    expect(await refused(() => model.predict(photographs, { batch: 1.5 }))).toMatchInlineSnapshot(
      `"UsageError: batch: expected a whole number >= 1, found 1.5."`,
    );
    expect(await refused(() => load(at("model.onnx"), { threads: 0 }))).toMatchInlineSnapshot(
      `"UsageError: threads: expected a whole number >= 1, found 0."`,
    );
    expect(await refused(() => load(at("model.onnx"), { workers: -1 }))).toMatchInlineSnapshot(
      `"UsageError: workers: expected a whole number >= 0, found -1."`,
    );
  });

  test("a file that is no model is refused", async () => {
    writeFileSync(at("text.onnx"), "no model");
    writeFileSync(at("cut.onnx"), readFileSync(at("model.onnx")).subarray(0, 5000));
    expect(await refused(() => load(at("text.onnx")))).toMatchInlineSnapshot(
      `"ModelError: DIR/text.onnx: expected an ONNX model, found text that begins with "no model"."`,
    );
    expect(await refused(() => load(at("cut.onnx")))).toMatchInlineSnapshot(
      `"ModelError: DIR/cut.onnx: expected an ONNX model, found something else, or a file that is cut off."`,
    );
    expect(await refused(() => load(at("none.onnx")))).toMatchInlineSnapshot(
      `"ModelError: DIR/none.onnx: expected a model that longtail export wrote, found no file of that name."`,
    );
    expect(await refused(() => load(temporary.path))).toMatchInlineSnapshot(
      `"ModelError: DIR: expected a model that longtail export wrote, found a folder."`,
    );
    expect(await refused(() => load(7 as unknown as string))).toMatchInlineSnapshot(
      `"UsageError: load: expected a path or the bytes of a model file, found number."`,
    );
  });

  test("a model with an operator that the runtime lacks is refused, and so is one of another program", async () => {
    const builder = new GraphBuilder();
    const input = builder.input({ name: "images", type: "float32", shape: ["N", 3, 16, 16] });
    builder.output(builder.node("Gadget", [input]), {
      name: "probabilities",
      type: "float32",
      shape: ["N", 3],
    });
    const metadata = JSON.stringify(readModelMetadata(readFileSync(at("model.onnx")), ""));
    const file = (producer: string): Uint8Array =>
      Buffer.concat(
        modelFile(builder.build(), {
          ...{ producer, producerVersion: "9", description: "", properties: { [METADATA_KEY]: metadata } },
        }),
      );
    expect(await refused(() => load(file(PRODUCER)))).toContain(
      "ModelError: the model: ONNX Runtime 1.30.0 cannot run this model: ",
    );
    expect(await refused(() => load(file(PRODUCER)))).toContain("Gadget");
    expect(await refused(() => load(file("pytorch")))).toContain("found one of pytorch");
  });
});
