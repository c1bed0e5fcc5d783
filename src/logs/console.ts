import { resultsTable } from "../evaluation/results-table.js";
import { clearLine, plainLineMs, redrawMs, type TextStream, writeText } from "../support/terminal.js";
import { formatBytes, formatSeconds } from "../support/units.js";
import type {
  CacheEvent,
  InspectionEvent,
  EndEvent,
  EpochEvent,
  EvaluationEvent,
  Listener,
  RunEvent,
  StepEvent,
  TrainingEvent,
} from "../runs/events.js";
import { phaseOfEpoch, stepsOfEpochs, totalSteps } from "../runs/timeline.js";
import { counted } from "../support/text.js";

const MAX_BAR_LENGTH = 30;
const MIN_BAR = 5;

/**
 * How much a console shows, and by which clock.
 *
 * @example
 * const options: ConsoleOptions = { quiet: true }; // warnings and the result alone
 */
export interface ConsoleOptions {
  /** Only warnings and the result. */
  readonly quiet?: boolean | undefined;
  /** Milliseconds of a clock that never goes back. */
  readonly now?: (() => number) | undefined;
}

/**
 * Shows a run to people: on a terminal a bar for the epoch with loss, accuracy, learning rate, images a second and the
 * time the run still takes; elsewhere plain lines. Then one line an epoch and, at the end, a table.
 *
 * @example
 * await train(recipe, { out: "runs/mine", listeners: [consoleListener(process.stderr)] });
 */
export function consoleListener(
  stream: TextStream,
  { quiet = false, now = () => performance.now() }: ConsoleOptions = {},
): Listener {
  const progress = new Progress(stream, now);
  return (event) => {
    if (quiet && event.type !== "warning" && event.type !== "end") progress.note(event);
    else progress.show(event);
  };
}

class Progress {
  readonly #now: () => number;
  readonly #stream: TextStream;
  #run: RunEvent | undefined;
  readonly #epoch = { steps: 0, loss: 0, accuracy: 0 }; // sums over the epoch so far
  #evaluation: EvaluationEvent | undefined;
  #phase: string | undefined;
  #shownAt = 0;
  #startedAt = 0;

  constructor(stream: TextStream, now: () => number) {
    this.#stream = stream;
    this.#now = now;
  }

  /** Takes what the end's line needs, and shows nothing. */
  note(event: TrainingEvent): void {
    if (event.type === "run") this.#run = event;
    else if (event.type === "evaluation") this.#evaluation = event;
  }

  show(event: TrainingEvent): void {
    this.note(event);
    switch (event.type) {
      case "cache":
        this.#progress(event, describeCache(event));
        break;
      case "inspection":
        this.#progress(event, describeInspection(event));
        break;
      case "run":
        this.#startedAt = this.#shownAt = this.#now();
        this.#line(describeRun(event));
        break;
      case "epoch-start":
        Object.assign(this.#epoch, { steps: 0, loss: 0, accuracy: 0 });
        if (event.phase !== undefined && event.phase !== this.#phase) this.#line(`phase ${event.phase}`);
        this.#phase = event.phase;
        break;
      case "step":
        this.#step(event);
        break;
      case "epoch":
        this.#line(describeEpoch(event, this.#run?.epochs ?? event.epoch));
        break;
      case "evaluation":
        this.#line(describeEvaluation(event));
        break;
      case "images":
      case "histograms":
      case "checkpoint":
        break;
      case "note":
        this.#line(event.message);
        break;
      case "warning":
        this.#line(`warning: ${event.message}`);
        break;
      case "end":
        this.#line(describeEnd(event, this.#run, this.#evaluation));
        break;
      default:
        event satisfies never;
    }
  }

  #progress({ images, total }: { readonly images: number; readonly total: number }, text: string): void {
    const stream = this.#stream;
    if (images === total) {
      this.#line(text);
      return;
    }
    const now = this.#now();
    if (now - this.#shownAt < (stream.isTTY ? redrawMs : plainLineMs)) return;
    this.#shownAt = now;
    if (stream.isTTY) writeText(stream, text, clearLine);
    else writeText(stream, `${text}\n`);
  }

  #step(event: StepEvent): void {
    const run = this.#run;
    const stream = this.#stream;
    const epoch = this.#epoch;
    epoch.steps += 1;
    epoch.loss += event.loss;
    epoch.accuracy += event.accuracy;
    if (run === undefined || event.step === phaseOfEpoch(run, event.epoch).stepsPerEpoch) return; // the epoch's own line follows
    const now = this.#now();
    if (now - this.#shownAt < (stream.isTTY ? redrawMs : plainLineMs)) return;
    this.#shownAt = now;
    const elapsed = (now - this.#startedAt) / 1000;
    const means = { ...event, loss: epoch.loss / epoch.steps, accuracy: epoch.accuracy / epoch.steps };
    if (stream.isTTY) writeText(stream, drawStep(means, run, elapsed, (stream.columns ?? 80) - 1), clearLine);
    else
      stream.write(
        `epoch ${event.epoch}/${run.epochs}, step ${event.step}/${phaseOfEpoch(run, event.epoch).stepsPerEpoch}  ${describeStep(means, run, elapsed)}\n`,
      );
  }

  #line(text: string): void {
    writeText(this.#stream, `${text}\n`, this.#stream.isTTY ? clearLine : "");
  }
}

function describeRun(run: RunEvent): string {
  const {
    name,
    seed,
    classes,
    trainImages,
    testImages,
    imbalance,
    parameters,
    trained,
    threads,
    device,
    folder,
  } = run;
  return [
    `${name}, seed ${seed}: ${trainImages} training and ${counted(testImages, "test image")}, ${counted(classes, "class", "classes")}, imbalance ${imbalance.toFixed(0)}`,
    ...(run.from === null ? [] : [`goes on after epoch ${run.from.epoch}, step ${run.from.step}`]),
    `${inMillions(parameters)} million parameters${trained === undefined ? "" : `, ${inMillions(trained)} of them trained,`} on ${device}, ${counted(threads, "thread")}; results in ${folder}`,
  ].join("\n");
}

function inMillions(count: number): string {
  return (count / 1e6).toFixed(2);
}

function describeCache({ what, split, images, total, bytes }: CacheEvent): string {
  if (what === "features") return `features of ${images} of ${counted(total, `${split} image`)} computed`;
  return `${images} of ${counted(total, `${split} image`)} cached, ${formatBytes(bytes)}`;
}

function describeInspection({ images, total }: InspectionEvent): string {
  return `${images} of ${counted(total, "image")} looked at`;
}

/** One line of at most `width` characters: the bar takes what the numbers leave. */
function drawStep(event: StepEvent, run: RunEvent, elapsed: number, width: number): string {
  const { epoch, step } = event;
  const { stepsPerEpoch } = phaseOfEpoch(run, epoch);
  const numbers = `${epoch}/${run.epochs} ${step}/${stepsPerEpoch}  ${describeStep(event, run, elapsed)}`;
  const barWidth = Math.min(MAX_BAR_LENGTH, width - numbers.length - 3);
  if (barWidth < MIN_BAR) return numbers.slice(0, width);
  const full = Math.round((step / stepsPerEpoch) * barWidth);
  return `[${"#".repeat(full)}${"-".repeat(barWidth - full)}] ${numbers}`;
}

function describeStep(event: StepEvent, run: RunEvent, elapsed: number): string {
  const { epoch, step, loss, accuracy, lr, imagesPerSecond } = event;
  const before = run.from === null ? 0 : stepsOfEpochs(run, run.from.epoch) + run.from.step;
  const done = stepsOfEpochs(run, epoch - 1) + step;
  const left = (elapsed / (done - before)) * (totalSteps(run) - done);
  return (
    `loss ${loss.toFixed(3)}  acc ${accuracy.toFixed(1)} %  ` +
    `lr ${formatRate(lr)}  ${imagesPerSecond.toFixed(0)} img/s  ${formatSeconds(left)} left`
  );
}

function describeEpoch(
  { epoch, loss, accuracy, lr, imagesPerSecond, seconds }: EpochEvent,
  epochs: number,
): string {
  return (
    `epoch ${epoch}/${epochs}  loss ${loss.toFixed(3)}  acc ${accuracy.toFixed(1)} %  lr ${formatRate(lr)}  ` +
    `${imagesPerSecond.toFixed(0)} images/s  ${formatSeconds(seconds)}`
  );
}

function describeEvaluation({ split, ensemble, loss, seconds }: EvaluationEvent): string {
  const shown = (name: "many" | "medium" | "few"): string => `  ${name} ${ensemble[name]?.toFixed(1) ?? "-"}`;
  return `  ${split}: all ${ensemble.all.toFixed(1)} %${shown("many")}${shown("medium")}${shown("few")}  loss ${loss.toFixed(3)}  ${formatSeconds(seconds)}`;
}

function describeEnd(
  event: EndEvent,
  run: RunEvent | undefined,
  evaluation: EvaluationEvent | undefined,
): string {
  const cost = `${formatSeconds(event.seconds)}, peak memory ${formatBytes(event.peakMemory)}`;
  if (event.reason === "failed") return `failed after ${cost}`;
  const where = run === undefined ? "" : `; see ${run.folder}`;
  if (event.reason === "interrupted" || evaluation === undefined) return `interrupted after ${cost}${where}`;
  return `\n${resultsTable(evaluation)}\n\nfinished in ${cost}${where}`;
}

function formatRate(lr: number): string {
  return String(Number(lr.toPrecision(3)));
}
