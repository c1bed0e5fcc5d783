import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const built = join(import.meta.dirname, "../../bin/longtail.js");

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Options {
  /** The program; this clone's unless given. */
  readonly command?: string;
  readonly environment?: Record<string, string | undefined>;
  /** Sees each line of output. */
  readonly onLine?: (line: string) => void;
  readonly started?: (child: ChildProcess) => void;
}

export function longtail(
  args: readonly string[],
  { command = built, environment, onLine, started }: Options = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [command, ...args], {
    env: { ...process.env, OMP_NUM_THREADS: "1", ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started?.(child);
  const text = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    text.stdout += chunk;
    for (const line of chunk.split("\n")) onLine?.(line);
  });
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (text.stderr += chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ code, signal, ...text });
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
    selection: '{"kind":"held-out","fraction":0.25}',
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

/** The process that trains into a folder as a rank, by its number; null where there is none. */
export function processOf(out: string, rank: number): number | null {
  const found = readdirSync("/proc").find((pid) => {
    if (!/^\d+$/.test(pid) || !existsSync(`/proc/${pid}/environ`)) return false;
    try {
      const [args, environment] = ["cmdline", "environ"].map((name) =>
        readFileSync(`/proc/${pid}/${name}`, "utf8").split("\0"),
      );
      return args![2] === "train" && args!.includes(out) && environment!.includes(`RANK=${rank}`);
    } catch {
      return false; // it has ended meanwhile
    }
  });
  return found === undefined ? null : Number(found);
}
