import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { groupOf } from "../data/groups.js";
import type { Temperature } from "../evaluation/analysis.js";
import { type LogitTransform, withEnsemble } from "../evaluation/meter.js";
import { targetShares } from "../evaluation/shift/targets.js";
import { scaleLogits } from "../evaluation/temperature/scale.js";
import type { Teacher, TeacherAnswer } from "../methods/ensemble/method.js";
import { teacherOf } from "../methods/index.js";
import { Ensemble } from "../models/ensemble.js";
import type { RecipeIssue } from "../recipes/faults.js";
import { sha256OfFile } from "../support/file-identity.js";
import { defineMethodOf } from "../recipes/method-file.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { fittedTemperature } from "../runs/calibration-file.js";
import { runFolder, type TeacherIdentity } from "../runs/run-folder.js";
import { LongtailError, UsageError } from "../support/errors.js";
import { noGrad } from "../torch/autograd.js";
import { tensor } from "../torch/create.js";
import { dispose, keepForever, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { checkpointPath } from "./checkpoint.js";
import { priorAdjustment } from "./implied-prior.js";
import { phasesOf } from "./phases.js";
import { accuracyOptions, assertSameClasses, loadTrained, type Trained } from "./trained.js";

/** A teacher that is missing; to be looked for before slow work. */
export function teacherIssues(recipe: ResolvedRecipe): RecipeIssue[] {
  const run = teacherOf(recipe);
  if (run === null || existsSync(run)) return [];
  return [
    {
      key: "method.teacher",
      expected: "the folder of a trained run",
      found: `no such folder or file: ${run}`,
      remedy: "train it first with `longtail train`, or name another with --set method.teacher=RUN",
    },
  ];
}

/** How images are prepared for a network. */
type Preparation = Pick<ResolvedRecipe["data"], "imageSize" | "mean" | "std">;

/**
 * A trained run that answers for a training's images: the mean of its experts' logits, with its fitted temperature,
 * corrected to classes of equal size. Images of another size or normalization are turned into its own.
 */
export class TrainedTeacher implements Teacher, Disposable {
  /** What people should know of it. */
  readonly note: string;
  readonly #trained: Trained;
  readonly #size: number;
  /** Null where images are normalized for the teacher already. */
  readonly #renormalization: { readonly scale: Tensor; readonly shift: Tensor } | null;
  readonly #correct: LogitTransform;
  #features: readonly Tensor[] = [];

  /** @throws UsageError for a model whose features cannot be seen; CheckpointError for what is no run. */
  constructor(run: string, trained: Trained, student: Preparation) {
    const { model } = trained.method;
    if (!(model instanceof Ensemble))
      throw new UsageError(
        `method.teacher: expected a run whose model is an ensemble of experts, found ${run}`,
      );
    using _ = scope();
    const { data } = trained.description.recipe;
    const temperature = fittedTemperature(run, trained);
    this.#trained = trained;
    this.#size = data.imageSize;
    this.#correct = correction(run, trained, temperature);
    this.#renormalization = renormalization(student, data, trained.device);
    this.note = describe(run, trained, temperature !== null);
    model.observeFeatures((features) => {
      this.#features = features;
    });
  }

  answer(images: Tensor): TeacherAnswer {
    using _ = noGrad();
    const logits = this.#correct(this.#trained.method.predict(this.#prepared(images)));
    const features = this.#features;
    this.#features = [];
    return { logits: withEnsemble(logits).select(0, 0).to({ dtype: "float32" }), features };
  }

  [Symbol.dispose](): void {
    if (this.#renormalization !== null) dispose(...Object.values(this.#renormalization));
    this.#trained[Symbol.dispose]();
  }

  #prepared(images: Tensor): Tensor {
    const by = this.#renormalization;
    const normalized = by === null ? images : images.mul(by.scale).add(by.shift);
    const [height, width] = images.shape.slice(2) as [number, number];
    const size = this.#size;
    if (height === size && width === size) return normalized;
    return height > size || width > size
      ? normalized.upsampleBicubic2dAntialiased([size, size], false)
      : normalized.upsampleBicubic2d([size, size], false);
  }
}

/**
 * Loads the teacher of a recipe whose method asks for one; null for the others.
 * @throws DataError for a teacher of other classes; CheckpointError for what is no run.
 */
export async function openTeacher(
  recipe: ResolvedRecipe,
  {
    device,
    classes,
    root,
  }: { readonly device: string; readonly classes: readonly string[]; readonly root: string },
): Promise<TrainedTeacher | null> {
  const run = teacherOf(recipe);
  if (run === null) return null;
  await defineMethodOf(run);
  const trained = loadTrained(run, { device });
  try {
    assertSameClasses(trained, classes, root);
    return new TrainedTeacher(run, trained, recipe.data);
  } catch (error) {
    trained[Symbol.dispose]();
    throw error;
  }
}

/** The trained runs that a recipe learns from in any of its phases, and what they are now. */
export function teachersOf(recipe: ResolvedRecipe): TeacherIdentity[] {
  const runs = phasesOf(recipe).flatMap((phase) => teacherOf(phase.recipe) ?? []);
  return [...new Set(runs)].map((run) => {
    const hash = createHash("sha256").update(sha256OfFile(checkpointPath(run)));
    const { calibration } = runFolder(run);
    if (existsSync(calibration)) hash.update(sha256OfFile(calibration));
    return { run, sha256: hash.digest("hex") };
  });
}

/**
 * Makes sure that a run that goes on learns from the teachers it began with.
 * @throws LongtailError that says which hash was expected, and which found.
 */
export function assertSameTeachers(
  run: string,
  then: readonly TeacherIdentity[],
  now: readonly TeacherIdentity[],
): void {
  const before = new Map(then.map((one) => [one.run, one.sha256]));
  for (const { run: teacher, sha256 } of now) {
    const expected = before.get(teacher) ?? sha256;
    if (expected === sha256) continue;
    throw new LongtailError(
      `${run}: its teacher ${teacher} has changed since it began: expected a checkpoint and temperature of SHA-256 ` +
        `${expected.slice(0, 12)}…, found ${sha256.slice(0, 12)}…. Restore them, or begin a new run with another --out.`,
    );
  }
}

/** What turns images that are normalized for the student into the teacher's, x · scale + shift; null where both are alike. */
function renormalization(
  student: Preparation,
  teacher: Preparation,
  device: string,
): { readonly scale: Tensor; readonly shift: Tensor } | null {
  const scale = student.std.map((std, c) => std / teacher.std[c]!);
  const shift = student.mean.map((mean, c) => (mean - teacher.mean[c]!) / teacher.std[c]!);
  if (scale.every((one) => one === 1) && shift.every((one) => one === 0)) return null;
  const perChannel = (values: readonly number[]): Tensor =>
    keepForever(tensor(values, { shape: [1, 3, 1, 1], device }));
  return { scale: perChannel(scale), shift: perChannel(shift) };
}

/** Calibrates logits with a fitted temperature and makes them stand for classes of equal size. */
function correction(run: string, trained: Trained, temperature: Temperature | null): LogitTransform {
  const { counts } = trained.description;
  const groupOfClass = groupOf(counts, accuracyOptions(trained).groups);
  const adjust = priorAdjustment(trained, targetShares("uniform", counts), `method.teacher ${run}`);
  return (logits) => adjust(temperature === null ? logits : scaleLogits(logits, temperature, groupOfClass));
}

function describe(run: string, { description: { recipe }, state }: Trained, isCalibrated: boolean): string {
  const { experts, kind } = recipe.method;
  const epoch = state === null ? "" : `, epoch ${state.epoch}`;
  const calibration = isCalibrated
    ? "with its fitted temperature"
    : "without a temperature (`longtail evaluate RUN --calibrate` fits one where images were held out)";
  return `teacher: ${run} (${kind}, ${experts} x ${recipe.backbone}${epoch}), corrected to classes of equal size, ${calibration}.`;
}
