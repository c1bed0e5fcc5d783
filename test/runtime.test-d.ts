/** Types of longtail/runtime as a user meets them; `tsc`, in npm run check, compiles this file. */
import { expectTypeOf } from "vitest";
import {
  type DataError,
  type ImageInput,
  type ImagePrediction,
  load,
  type LongtailError,
  type ModelError,
  type ModelMetadata,
  type PreparedImage,
  type RawImage,
  type RuntimeModel,
  type UsageError,
} from "../src/runtime/index.js";

export async function types(model: RuntimeModel, bytes: Buffer, pixels: RawImage): Promise<void> {
  expectTypeOf(load).returns.resolves.toEqualTypeOf<RuntimeModel>();
  expectTypeOf(load).parameter(0).toEqualTypeOf<string | Uint8Array>();
  expectTypeOf<RuntimeModel>().toExtend<AsyncDisposable>();
  expectTypeOf(model.metadata).toEqualTypeOf<ModelMetadata>();
  expectTypeOf(model.metadata.groups).toEqualTypeOf<("many" | "medium" | "few")[]>();

  expectTypeOf(await model.predict("photo.jpg")).toEqualTypeOf<ImagePrediction>();
  expectTypeOf(await model.predict(bytes, { top: 5 })).toEqualTypeOf<ImagePrediction>();
  expectTypeOf(await model.predict(pixels)).toEqualTypeOf<ImagePrediction>();
  expectTypeOf(await model.predict(["photo.jpg", bytes, pixels])).toEqualTypeOf<ImagePrediction[]>();
  const prepared = await model.prepare(bytes);
  expectTypeOf(prepared).toEqualTypeOf<PreparedImage>();
  expectTypeOf(await model.predict([prepared, "photo.jpg"])).toEqualTypeOf<ImagePrediction[]>();
  for await (const one of model.predictEach(new Set(["photo.jpg"]), { features: true })) {
    expectTypeOf(one).toEqualTypeOf<ImagePrediction>();
    expectTypeOf(one.features).toEqualTypeOf<Float32Array | undefined>();
  }
  const perhaps = await model.predict("photo.jpg", {
    onUnreadable: (image, error) => {
      expectTypeOf(image).toEqualTypeOf<ImageInput>();
      expectTypeOf(error).toEqualTypeOf<DataError>();
    },
  });
  expectTypeOf(perhaps).toEqualTypeOf<ImagePrediction | undefined>();

  // @ts-expect-error a number is no image
  await model.predict(7);
  // @ts-expect-error two channels are no picture
  await model.predict({ data: bytes, width: 1, height: 1, channels: 2 });
  // @ts-expect-error the network's threads are given when it is loaded
  await model.predict("photo.jpg", { threads: 2 });
  // @ts-expect-error a model's file says its classes
  await load("model.onnx", { classes: ["ant"] });

  expectTypeOf<DataError>().toExtend<LongtailError>();
  expectTypeOf<ModelError>().toExtend<LongtailError>();
  expectTypeOf<UsageError>().toExtend<Error>();
}
