/** A training in several processes, by the built command. */
import { spawn } from "node:child_process";
import { join } from "node:path";

const command = join(import.meta.dirname, "../../bin/longtail.js");

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Options {
  readonly environment?: Record<string, string>;
  /** Sees each line of output. */
  readonly hear?: (line: string) => void;
}

export function longtail(args: readonly string[], { environment, hear }: Options = {}): Promise<Ended> {
  const child = spawn(process.execPath, [command, ...args], {
    env: { ...process.env, OMP_NUM_THREADS: "1", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text.stdout += chunk;
    for (const line of chunk.split("\n")) hear?.(line);
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (text.stderr += chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, ...text });
    });
  });
}

/** Seconds of NCL with MoCo, a held-out selection, averages and a checkpoint after every other step. */
export function training(data: string, out: string, ...more: string[]): string[] {
  const settings = {
    epochs: 2,
    backbone: "resnet8",
    "data.batch": 8,
    "data.imageSize": 16,
    "data.train": '[{"kind":"horizontal-flip"}]',
    "data.secondView": '[{"kind":"horizontal-flip"}]',
    "data.test": "[]",
    "data.workers": 1,
    "method.experts": 2,
    "method.hardCategories": 2,
    "method.contrastive": '{"queue":16,"dimension":8}',
    "checkpoints.steps": 2,
    "evaluation.every": 1,
    "evaluation.batch": 5,
    selection: '{"kind":"held-out","share":0.25}',
    ema: '{"decay":0.9}',
  };
  const set = Object.entries(settings).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
  return ["train", "caltech20-lt-ncl", "--data", data, "--out", out, ...set, ...more];
}

export const launch = (nproc: number, args: string[], ...options: string[]): string[] => [
  "launch",
  "--nproc",
  String(nproc),
  ...options,
  "--",
  ...args,
];
