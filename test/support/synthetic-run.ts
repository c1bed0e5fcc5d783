/** The folder of a run that never was: as large as one wants it, in a moment, for what reads such folders. */
import { mkdirSync, writeFileSync } from "node:fs";
import { datasetCard } from "../../src/data/card.js";
import { openDataset } from "../../src/data/registry.js";
import { AccuracyMeter } from "../../src/evaluation/accuracy.js";
import { AnalysisMeter } from "../../src/evaluation/analysis/analysis-meter.js";
import type { ResolvedRecipe } from "../../src/recipes/schema.js";
import { RunClaim } from "../../src/runs/run-claim.js";
import { writeAnalysis, writeResult } from "../../src/runs/run-folder.js";
import { tensor } from "../../src/torch/create.js";
import { Rng } from "../../src/torch/random.js";
import { scope } from "../../src/torch/scope.js";

export interface SyntheticRun {
  /** Its test images are those that are judged and shown. */
  readonly recipe: ResolvedRecipe;
  /** Training images of each class. */
  readonly counts: readonly number[];
  readonly stepsPerEpoch: number;
}

const BATCH = 256;
const TIME = "2026-01-02T03:04:05.000Z";

/** Answers are right the more often the larger the class; a mistake is a class nearby. */
export async function writeSyntheticRun(
  path: string,
  { recipe, counts, stepsPerEpoch }: SyntheticRun,
): Promise<void> {
  const test = await openDataset(recipe.data, "test");
  const { classes } = test;
  const { experts } = recipe.method;
  const options = { classes, counts, experts, groups: recipe.evaluation.groups };
  const [accuracy, analysis] = [new AccuracyMeter(options), new AnalysisMeter(options, null)];
  const rng = new Rng(1);
  for (let from = 0; from < test.size; from += BATCH) {
    using _scope = scope();
    const indices = Int32Array.from({ length: Math.min(BATCH, test.size - from) }, (_, i) => from + i);
    const labels = indices.map((index) => test.labels[index]!);
    const logits = Array.from({ length: experts }, () => logitsOf(labels, counts, rng));
    const observation = { logits, labels: tensor(labels).to({ dtype: "int64" }), indices };
    for (const meter of [accuracy, analysis]) meter.add(observation);
  }
  const evaluation = accuracy.result();
  const card = datasetCard(test, recipe.evaluation.groups);
  const images = counts.reduce((sum, count) => sum + count, 0);
  const train = {
    ...card,
    split: "train" as const,
    images,
    counts,
    imbalance: Math.max(...counts) / Math.min(...counts),
  };
  using claim = new RunClaim(path);
  const { folder } = claim;
  claim.begin({
    ...{
      recipe,
      seed: 0,
      device: "cpu",
      threads: 1,
      kernels: "own",
      command: ["longtail", "train"],
      started: TIME,
    },
    ...{
      data: { train, test: card },
      versions: { longtail: "0.1.0", libtorch: "2.11.0", node: process.version },
    },
  });
  const { confusion: _, ...scores } = evaluation;
  const lastEpoch = { epoch: recipe.epochs, ensemble: scores.ensemble, experts: scores.experts };
  writeAnalysis(folder, analysis.result());
  const selection = {
    selectedOn: "last-epoch",
    epoch: recipe.epochs,
    selectionScore: null,
    lastEpoch,
    bestOnTest: null,
  } as const;
  writeResult(folder, { evaluation, ...selection, seconds: 3600 });
  mkdirSync(path, { recursive: true });
  const said = events(recipe, {
    images,
    classes: classes.length,
    testImages: test.size,
    stepsPerEpoch,
    scores,
  });
  writeFileSync(folder.metrics, "");
  for (const event of said)
    writeFileSync(folder.metrics, `${JSON.stringify({ ...event, time: TIME })}\n`, { flag: "a" });
}

/** [N, C] */
function logitsOf(labels: Int32Array, counts: readonly number[], rng: Rng) {
  const [largest, classes] = [Math.max(...counts), counts.length];
  const noise = rng.normal([labels.length, classes]);
  const shift = new Float32Array(labels.length * classes);
  labels.forEach((label, i) => {
    const at = i * classes;
    shift[at + label] = 3 + 2 * (Math.log(counts[label]!) / Math.log(largest + 1));
    shift[at + ((label + 1 + (i % 3)) % classes)] = 3;
  });
  return noise.add(tensor(shift, { shape: [labels.length, classes] }));
}

interface Report {
  readonly images: number;
  readonly classes: number;
  readonly testImages: number;
  readonly stepsPerEpoch: number;
  readonly scores: object;
}

function* events(recipe: ResolvedRecipe, { images, scores, ...sizes }: Report): Generator<object> {
  const { name, epochs } = recipe;
  const facts = {
    folder: "runs/synthetic",
    seed: 0,
    device: "cpu",
    threads: 1,
    imbalance: 100,
    parameters: 1e6,
  };
  yield { type: "run", name, ...facts, ...sizes, trainImages: images, epochs, from: null };
  for (let epoch = 1; epoch <= epochs; epoch += 1) {
    const loss = 4 / Math.sqrt(epoch);
    const numbers = {
      loss,
      parts: { one: loss / 2, two: loss / 2 },
      accuracy: (100 * epoch) / epochs,
      lr: 0.1,
    };
    for (let step = 1; step <= sizes.stepsPerEpoch; step += 1)
      yield { type: "step", epoch, step, ...numbers, imagesPerSecond: 700, gradNorm: null };
    yield { type: "epoch", epoch, ...numbers, imagesPerSecond: 700, seconds: 9 };
    if (epoch % recipe.evaluation.every === 0 || epoch === epochs)
      yield { type: "evaluation", epoch, split: "test", seconds: 2, ...scores };
  }
  yield { type: "end", reason: "finished", message: null, seconds: 3600, peakMemory: 1e9 };
}
