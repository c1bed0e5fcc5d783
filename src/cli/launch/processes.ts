import { type ChildProcess, spawn } from "node:child_process";
import { clearTimeout, setTimeout } from "node:timers";
import { fileURLToPath } from "node:url";
import type { Interruption } from "../exit.js";
import { INTERRUPTED_MS, lifeline } from "./lifeline.js";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";

/** Why a process ended badly. */
export interface Failure {
  readonly rank: number;
  readonly reason: string;
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
}

const program = fileURLToPath(new URL("../../../bin/longtail.js", import.meta.url));

/** After one has failed: how long the others may take to say what they know, and then to end. */
const GRACE_MS = 5000;
/** What a process says that ended because of another. */
const BECAUSE_OF_ANOTHER = /^error: (rank|ranks) \d|^error: the connection to a peer/;

interface Child {
  readonly rank: number;
  readonly process: ChildProcess;
  /** The last lines of its errors. */
  readonly last: string[];
  /** Whether it was killed here, since it went on when the others had ended. */
  killed: boolean;
}

/** The processes of one machine. */
export class Processes {
  readonly #children: Child[];
  readonly #failures: Failure[] = [];

  constructor(args: readonly string[], environment: (local: number) => NodeJS.ProcessEnv) {
    const { LOCAL_WORLD_SIZE } = environment(0);
    this.#children = Array.from({ length: Number(LOCAL_WORLD_SIZE) }, (_, local) =>
      startOne(args, environment(local)),
    );
  }

  /**
   * Waits for all; when one fails the others are ended, and an interruption is passed on to all. Returns the failure that
   * the others' ends come from, or null.
   */
  async ended(interruption: Interruption): Promise<Failure | null> {
    const { signal } = interruption;
    const interrupt = (): void => {
      this.#endAll(interruption.received, INTERRUPTED_MS);
    };
    signal.addEventListener("abort", interrupt);
    const killOnExit = (): void => {
      this.#kill("SIGKILL");
    };
    process.on("exit", killOnExit);
    try {
      await Promise.all(this.#children.map((child) => this.#outcome(child)));
    } finally {
      process.off("exit", killOnExit);
      signal.removeEventListener("abort", interrupt);
    }
    return this.#failures.find(({ reason }) => !BECAUSE_OF_ANOTHER.test(reason)) ?? this.#failures[0] ?? null;
  }

  #outcome(child: Child): Promise<void> {
    return new Promise((resolve, reject) => {
      child.process.once("error", reject);
      child.process.once("close", (code, signal) => {
        if (code !== 0) {
          this.#failures.push({ rank: child.rank, reason: reasonOf(child, code, signal), code });
          if (this.#failures.length === 1) this.#endAll(null, GRACE_MS);
        }
        resolve();
      });
    });
  }

  /** Asks all that still run to end, and makes them after a while. */
  #endAll(first: NodeJS.Signals | null, patienceMs: number): void {
    if (first !== null) this.#kill(first);
    const timer = setTimeout(() => {
      for (const child of this.#children) child.killed ||= isRunning(child);
      this.#kill("SIGKILL");
    }, patienceMs);
    const running = this.#children.filter(isRunning);
    let left = running.length;
    for (const { process } of running)
      process.once("close", () => {
        left -= 1;
        if (left === 0) clearTimeout(timer);
      });
    if (left === 0) clearTimeout(timer);
  }

  #kill(signal: NodeJS.Signals): void {
    for (const child of this.#children) if (isRunning(child)) child.process.kill(signal);
  }
}

/** In a process group of its own: Ctrl-C reaches it through the launcher alone, once. */
function startOne(args: readonly string[], env: NodeJS.ProcessEnv): Child {
  const rank = Number(env["RANK"]);
  const child = spawn(process.execPath, [program, ...args], {
    env: { ...env, ...lifeline.environment },
    detached: true,
    stdio: ["ignore", "pipe", "pipe", lifeline.stdio],
  });
  const last: string[] = [];
  const keep = (line: string): void => {
    last.push(line);
    if (last.length > 20) last.shift();
  };
  // What machines read stays as it is: the first process alone writes any.
  passLines(child.stdout!, process.stdout, args.includes("--json") ? "" : `[${rank}] `);
  passLines(child.stderr!, process.stderr, `[${rank}] `, keep);
  return { rank, process: child, last, killed: false };
}

function isRunning({ process: { exitCode, signalCode } }: Child): boolean {
  return exitCode === null && signalCode === null;
}

function reasonOf({ last, killed }: Child, code: number | null, signal: NodeJS.Signals | null): string {
  if (killed) return "it hung or was stopped: it went on when the others had ended, and was killed";
  if (signal !== null) return `it was ended by ${signal}`;
  const at = last.findLastIndex((line) => line.startsWith("error: "));
  return at === -1 ? `exit code ${code}` : last.slice(at).join("\n");
}

/** Hands a process's output on, line by line, each with a prefix. */
function passLines(from: Readable, to: Writable, prefix: string, onLine?: (line: string) => void): void {
  createInterface({ input: from, crlfDelay: Infinity }).on("line", (line) => {
    to.write(`${prefix}${line}\n`);
    onLine?.(line);
  });
}
