/** Types of the library as a user meets them; `tsc`, in npm run check, compiles this file. */
import { expectTypeOf } from "vitest";
import {
  compare,
  type Comparison,
  type Dataset,
  evaluate,
  type Evaluation,
  type EvaluationResult,
  exportModel,
  type ImagePrediction,
  type KernelChoice,
  load,
  loadRecipe,
  type LongtailError,
  type MlflowOptions,
  openDataset,
  type PriorTarget,
  type RawImage,
  reproduce,
  type Reproduction,
  type ResolvedRecipe,
  type SeedsResult,
  type Temperature,
  train,
  type TrainedModel,
  type TrainingEvent,
  type TrainingOptions,
  type TrainResult,
  trainSeeds,
  type UsageError,
  writeReport,
} from "../src/index.js";

export async function types(model: TrainedModel, bytes: Buffer, pixels: RawImage): Promise<void> {
  expectTypeOf(load).returns.resolves.toEqualTypeOf<TrainedModel>();
  expectTypeOf<TrainedModel>().toExtend<Disposable>();
  expectTypeOf(await model.predict("photo.jpg")).toEqualTypeOf<ImagePrediction>();
  expectTypeOf(await model.predict(bytes)).toEqualTypeOf<ImagePrediction>();
  expectTypeOf(await model.predict(pixels)).toEqualTypeOf<ImagePrediction>();
  expectTypeOf(await model.predict(["photo.jpg", bytes, pixels])).toEqualTypeOf<ImagePrediction[]>();
  for await (const one of model.predictEach(new Set(["photo.jpg"])))
    expectTypeOf(one).toEqualTypeOf<ImagePrediction>();
  expectTypeOf<ImagePrediction["predictions"][number]>().toEqualTypeOf<{
    readonly class: string;
    readonly index: number;
    readonly probability: number;
  }>();
  // @ts-expect-error a number is no image
  await model.predict(7);
  // @ts-expect-error two channels are no picture
  await model.predict({ data: bytes, width: 1, height: 1, channels: 2 });

  expectTypeOf(train).returns.resolves.toEqualTypeOf<TrainResult>();
  expectTypeOf<TrainResult["evaluation"]>().toEqualTypeOf<EvaluationResult | null>();
  expectTypeOf<TrainingOptions["kernels"]>().toEqualTypeOf<KernelChoice | undefined>();
  expectTypeOf<TrainingOptions["mlflow"]>().toEqualTypeOf<MlflowOptions | null | undefined>();
  expectTypeOf<TrainingOptions>().toHaveProperty("out").toEqualTypeOf<string>();
  // @ts-expect-error a run needs a folder
  await train("cifar100-lt-ncl", { data: "cifar" });
  expectTypeOf(trainSeeds).returns.resolves.toEqualTypeOf<SeedsResult>();
  // @ts-expect-error the number of seeds is no default
  await trainSeeds("cifar100-lt-ncl", { out: "runs/seeds" });
  expectTypeOf(reproduce).returns.resolves.toEqualTypeOf<Reproduction>();

  expectTypeOf(evaluate).returns.resolves.toEqualTypeOf<Evaluation>();
  expectTypeOf<Evaluation>().toExtend<EvaluationResult>();
  expectTypeOf<{ ant: number }>().toExtend<PriorTarget>();
  expectTypeOf<NonNullable<Evaluation["calibration"]>>()
    .toHaveProperty("temperature")
    .toEqualTypeOf<Temperature>();
  // @ts-expect-error no such split
  await evaluate("runs/mine", { split: "validation" });

  expectTypeOf(compare).returns.resolves.toEqualTypeOf<Comparison>();
  expectTypeOf(exportModel).returns.resolves.toEqualTypeOf<string>();
  expectTypeOf(writeReport).returns.resolves.toEqualTypeOf<string>();
  expectTypeOf(openDataset).returns.resolves.toEqualTypeOf<Dataset>();
  expectTypeOf(loadRecipe).returns.resolves.toEqualTypeOf<ResolvedRecipe>();
  expectTypeOf<UsageError>().toExtend<LongtailError>();
  expectTypeOf<Extract<TrainingEvent, { type: "step" }>>().toHaveProperty("loss").toEqualTypeOf<number>();
}
