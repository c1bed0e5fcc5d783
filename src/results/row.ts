import type { ModelScores } from "../evaluation/accuracy.js";
import type { GroupAccuracy } from "../evaluation/scores.js";
import type { EvaluationEvent, TrainingEvent } from "../runs/events.js";
import { toldEvents } from "../runs/metrics.js";
import { hasResult, readAnalysis, readDescription, readResult } from "../runs/read-run.js";
import { shellQuoted } from "../support/text.js";
import { runFolder } from "../runs/run-folder.js";
import type { Reported, ResultRow, Scores } from "../recipes/result-row.js";

/** What a run's folder does not say of itself. */
export interface RowFacts {
  readonly name: string;
  readonly reported: Reported | null;
  readonly machine: string;
  /** The checkout's commit and the SHA-256 of its code; null outside a checkout, or with changes. */
  readonly checkout: { readonly commit: string; readonly code: string } | null;
  /** Why it failed; null unless it did. */
  readonly error: string | null;
}

/**
 * The row of a run that has begun, finished or not; scores of an unfinished one are those of its last evaluation on the test
 * images.
 * @throws LongtailError for a folder that holds no run.
 */
export function rowOf(run: string, { name, reported, machine, checkout, error }: RowFacts): ResultRow {
  const description = readDescription(run);
  const { recipe, seed, device, threads, kernels, started, versions, command } = description;
  const events = toldEvents(runFolder(run).metrics);
  const done = events.filter(({ type }) => type === "epoch").length;
  return {
    name,
    recipe: recipe.name,
    seed,
    state: hasResult(run) ? "finished" : error === null ? "unfinished" : "failed",
    error,
    epochs: { done, of: recipe.epochs },
    ...(hasResult(run) ? finalScores(run) : scoresSoFar(events)),
    reported,
    ...work(events),
    command: command.map(shellQuoted).join(" "),
    started,
    longtail: versions.longtail,
    code: versions.code ?? null,
    commit: checkout !== null && checkout.code === versions.code ? checkout.commit : null,
    libtorch: versions.libtorch,
    machine,
    device,
    threads,
    kernels,
  };
}

type Outcome = Pick<ResultRow, "selectedOn" | "epoch" | "ensemble" | "experts" | "bestOnTest" | "ece">;

function finalScores(run: string): Outcome {
  const { selectedOn, epoch, ensemble, experts, bestOnTest } = readResult(run);
  const best = bestOnTest?.ensemble;
  const ece = readAnalysis(run)?.calibration.ensemble.all.ece ?? null;
  return {
    selectedOn,
    epoch,
    ...networks({ ensemble, experts }),
    bestOnTest: best === undefined ? null : { epoch: best.epoch, all: hundredth(best.score) },
    ece: ece === null ? null : hundredth(ece),
  };
}

function scoresSoFar(events: readonly TrainingEvent[]): Outcome {
  const last = events.findLast(
    (event): event is EvaluationEvent => event.type === "evaluation" && event.split === "test",
  );
  const none = { selectedOn: null, bestOnTest: null, ece: null };
  if (last === undefined) return { ...none, epoch: null, ensemble: null, experts: [] };
  return { ...none, epoch: last.epoch, ...networks(last) };
}

function networks({
  ensemble,
  experts,
}: {
  readonly ensemble: ModelScores;
  readonly experts: readonly ModelScores[];
}): Pick<ResultRow, "ensemble" | "experts"> {
  return { ensemble: scores(ensemble), experts: experts.length > 1 ? experts.map(scores) : [] };
}

function scores(of: GroupAccuracy & Partial<ModelScores>): Scores {
  const { all, many, medium, few, worstClass, harmonicMean } = of;
  const rounded = (value: number | null | undefined): number | null =>
    value === null || value === undefined ? null : hundredth(value);
  return {
    all: hundredth(all),
    many: rounded(many),
    medium: rounded(medium),
    few: rounded(few),
    worstClass: rounded(worstClass),
    harmonicMean: rounded(harmonicMean),
  };
}

/** How long processes have worked on a run: from each one's first event to its last. */
function work(events: readonly TrainingEvent[]): Pick<ResultRow, "hours" | "interruptions"> {
  let milliseconds = 0;
  let starts = 0;
  let begun: number | null = null;
  let last = 0;
  for (const { type, time } of events) {
    const now = Date.parse(time);
    if (type === "run") {
      if (begun !== null) milliseconds += last - begun;
      begun = now;
      starts += 1;
    }
    last = now;
  }
  if (begun !== null) milliseconds += last - begun;
  return { hours: Math.round(milliseconds / 36_000) / 100, interruptions: Math.max(0, starts - 1) };
}

const hundredth = (value: number): number => Math.round(100 * value) / 100;
