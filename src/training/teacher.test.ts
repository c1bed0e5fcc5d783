/** A training that learns from a trained run: what the teacher says, and that a run stays with the one it began with. */
import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { TrainingEvent } from "../runs/events.js";
import { saveCalibration } from "../runs/calibration-file.js";
import { tensor } from "../torch/create.js";
import { Rng } from "../torch/random.js";
import { memory, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { openTeacher, TrainedTeacher } from "./teacher.js";
import { toyFolder } from "./toy-folder.fixture.js";
import { toyRecipe } from "./toy.fixture.js";
import { trainToy } from "./train-toy.fixture.js";
import { loadTrained } from "./trained.js";

const at = toyFolder("file");
const classes = ["ant", "bee", "cat"];
const crossEntropy = { kind: "cross-entropy", experts: 2, sharedStages: 0, labelSmoothing: 0 } as const;

function student(changes: Partial<ResolvedRecipe> = {}, run = at("teacher")): ResolvedRecipe {
  const method = {
    kind: "distill",
    experts: 1,
    sharedStages: 0,
    teacher: run,
    temperature: 2,
    labels: 0.5,
    features: 1,
  } as const;
  return toyRecipe(at("data"), { method, ...changes });
}

beforeAll(async () => {
  await trainToy(toyRecipe(at("data"), { method: crossEntropy }), at("teacher"));
});

const last = (run: string): Buffer => readFileSync(join(at(run), "checkpoints/last.safetensors"));
const open = (recipe: ResolvedRecipe): Promise<TrainedTeacher | null> =>
  openTeacher(recipe, { device: "cpu", classes, root: at("data") });

test("answers are the mean of the experts' logits, less the log of the class shares that they stand for", async () => {
  using teacher = await open(student());
  using trained = loadTrained(at("teacher"));
  using _ = scope();
  const images = new Rng(1).normal([4, 3, 16, 16]);
  const { logits, features } = teacher!.answer(images);
  const [first, second] = trained.method.predict(images).map((expert) => expert.toList());
  const counts = [24, 12, 6]; // of the toy data: cross-entropy's logits stand for them
  const expected = first!.map((z, i) => (z + second![i]!) / 2 - Math.log((counts[i % 3]! / 42) * 3));
  logits.toList().forEach((z, i) => {
    expect(z).toBeCloseTo(expected[i]!, 4);
  });
  expect(features.map(({ shape }) => shape)).toEqual([
    [4, 64],
    [4, 64],
  ]);
  expect(logits.requiresGrad).toBe(false);
});

test("images of another normalization and size become the teacher's own", async () => {
  const plain = student();
  const other: ResolvedRecipe = {
    ...plain,
    data: { ...plain.data, mean: [0.1, 0.2, 0.3], std: [0.5, 1, 2] },
  };
  using teacher = await open(plain);
  using renormalizing = await open(other);
  using _ = scope();
  const pixels = new Rng(2).normal([2, 3, 16, 16]).toList();
  const normalized = ({ mean, std }: ResolvedRecipe["data"]): Tensor => {
    const channel = (i: number): number => Math.floor(i / 256) % 3;
    const values = pixels.map((x, i) => (x - mean[channel(i)]!) / std[channel(i)]!);
    return tensor(values, { shape: [2, 3, 16, 16] });
  };
  const expected = teacher!.answer(normalized(plain.data)).logits.toList();
  renormalizing!
    .answer(normalized(other.data))
    .logits.toList()
    .forEach((z, i) => {
      expect(z).toBeCloseTo(expected[i]!, 3);
    });
  for (const side of [8, 24])
    expect(teacher!.answer(new Rng(3).normal([2, 3, side, side])).logits.shape).toEqual([2, 3]);
});

test("a fitted temperature of these weights divides the teacher's logits", async () => {
  using trained = loadTrained(at("teacher"));
  const images = new Rng(1).normal([4, 3, 16, 16]);
  using plain = await open(student());
  expect(plain!.note).toContain("without a temperature");
  const file = saveCalibration(at("teacher"), trained, {
    temperature: { kind: "global", temperature: 4 },
    images: 9,
  });
  try {
    using calibrated = await open(student());
    using _ = scope();
    expect(calibrated!.note).toContain("with its fitted temperature");
    const shift = [24, 12, 6].map((count) => Math.log((count / 42) * 3));
    const before = plain!.answer(images).logits.toList();
    calibrated!
      .answer(images)
      .logits.toList()
      .forEach((z, i) => {
        expect(z).toBeCloseTo((before[i]! + shift[i % 3]!) / 4 - shift[i % 3]!, 4);
      });
  } finally {
    rmSync(file!);
  }
});

test("a training says its teacher, resumes to the same bits, and frees everything", async () => {
  const settings = student({ epochs: 2 });
  await trainToy(settings, at("warm-up"));
  const before = memory();
  const { events, result } = await trainToy(settings, at("whole"));
  expect(memory()).toEqual(before);
  expect(result.reason).toBe("finished");
  expect(events.flatMap((event) => (event.type === "note" ? [event.message] : []))).toContain(
    `teacher: ${at("teacher")} (cross-entropy, 2 x resnet8, epoch 2), corrected to classes of equal size, without a ` +
      "temperature (`longtail evaluate RUN --calibrate` fits one where images were held out).",
  );
  const controller = new AbortController();
  const stop = (event: TrainingEvent): void => {
    if (event.type === "step" && event.step === 4) controller.abort();
  };
  await trainToy(settings, at("parts"), { signal: controller.signal, listeners: [stop] });
  await trainToy(settings, at("parts"), { resume: true });
  expect(last("parts").equals(last("whole"))).toBe(true);
});

test("a student needs no teacher any more; a run that goes on needs the one it began with", async () => {
  const own = at("another-teacher");
  cpSync(at("teacher"), own, { recursive: true });
  const settings = student({ epochs: 1 }, own);
  await trainToy(settings, at("student"));
  const extended = { ...settings, epochs: 2 };
  await trainToy(toyRecipe(at("data"), { method: crossEntropy, epochs: 3 }), own, { resume: true });
  await expect(trainToy(extended, at("student"), { resume: true })).rejects.toThrow(
    /student: its teacher .*another-teacher has changed since it began: expected a checkpoint and temperature of SHA-256/,
  );
  rmSync(own, { recursive: true });
  using trained = loadTrained(at("student"));
  expect(trained.method.model.parameters().length).toBeGreaterThan(0);
  await expect(trainToy(settings, at("new"))).rejects.toThrow(
    `method.teacher: expected the folder of a trained run, found no such folder or file: ${own}; train it first with ` +
      "`longtail train`, or name another with --set method.teacher=RUN (recipe toy)",
  );
});

test("a teacher of other classes is refused, and nothing stays behind", async () => {
  const before = memory();
  await expect(
    openTeacher(student(), { device: "cpu", classes: ["ant", "bee", "dog"], root: "photos" }),
  ).rejects.toThrow("photos has other classes than");
  expect(memory()).toEqual(before);
});

test("a teacher that never saw a class is refused: what its logit stands for is not known", () => {
  using trained = loadTrained(at("teacher"));
  const description = { ...trained.description, counts: [24, 0, 6] };
  expect(() => new TrainedTeacher("runs/t", { ...trained, description }, student().data)).toThrow(
    'method.teacher runs/t: expected training images of every class, found none of "bee": what its logit stands for is not known.',
  );
});
