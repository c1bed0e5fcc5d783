import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of runs in which tests write what a training would. */
export interface ToyRuns extends Disposable {
  readonly path: string;
  /** Makes a run of 10 epochs of 100 steps, with its first event. */
  begin(id: string, event?: object): void;
  events(id: string, ...events: object[]): void;
  /** Takes away all but the first events and puts the rest in their place, as a run that is gone on with does. */
  rewind(id: string, keep: number): void;
  log(id: string, ...lines: string[]): void;
  lock(id: string, pid: number, host?: string): void;
}

export function toyRuns(): ToyRuns {
  const path = mkdtempSync(join(tmpdir(), "longtail-watch-"));
  const events = (id: string, ...added: object[]): void => {
    const lines = added.map((event) => `${JSON.stringify({ time: new Date().toISOString(), ...event })}\n`);
    appendFileSync(join(path, id, "metrics.jsonl"), lines.join(""));
  };
  return {
    path,
    events,
    begin: (id, event = {}) => {
      mkdirSync(join(path, id), { recursive: true });
      const recipe = { name: "toy-ncl", epochs: 10 };
      writeFileSync(
        join(path, id, "recipe.json"),
        JSON.stringify({ recipe, started: "2026-01-02T03:04:05Z" }),
      );
      events(id, runEvent(event));
    },
    rewind: (id, keep) => {
      const file = join(path, id, "metrics.jsonl");
      const lines = readFileSync(file, "utf8").split("\n").slice(0, keep);
      writeFileSync(`${file}.tmp`, lines.map((line) => `${line}\n`).join(""));
      renameSync(`${file}.tmp`, file);
    },
    log: (id, ...lines) =>
      appendFileSync(join(path, id, "train.log"), lines.map((line) => `${line}\n`).join("")),
    lock: (id, pid, host = hostname()) =>
      writeFileSync(join(path, id, "lock"), `process ${pid} on ${host}\n`),
    [Symbol.dispose]: () => rmSync(path, { recursive: true }),
  };
}

function runEvent(changes: object): object {
  const size = { classes: 3, trainImages: 800, testImages: 12, imbalance: 4, parameters: 78_000 };
  const run = { name: "toy-ncl", folder: "/elsewhere", seed: 1, device: "cpu", threads: 2 };
  return { type: "run", ...run, ...size, epochs: 10, stepsPerEpoch: 100, from: null, ...changes };
}

export function stepEvent(epoch: number, step: number, changes: object = {}): object {
  const loss = 10 / (epoch * step);
  const terms = { crossEntropy: 0.75 * loss, distillation: 0.25 * loss };
  const rest = { gradNorm: 1, accuracy: 50, lr: 0.1, imagesPerSecond: 400 };
  return { type: "step", epoch, step, loss, terms, ...rest, ...changes };
}

export function evaluationEvent(epoch: number, all: number, split = "test"): object {
  const scores = { all, many: all + 20, medium: all, few: all - 20, top5: 90 };
  const result = { ensemble: scores, experts: [scores, scores], perClass: [], loss: 1, images: 12 };
  return { type: "evaluation", epoch, split, seconds: 1, groups: "field", ...result };
}

export function endEvent(reason: string, message: string | null = null): object {
  return { type: "end", reason, message, seconds: 12, peakMemory: 1e8 };
}
