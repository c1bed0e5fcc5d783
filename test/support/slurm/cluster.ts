import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort } from "../../../src/support/process.js";
import { configuration, nodeName } from "./configuration.js";
import type { SlurmPrograms } from "./programs.js";

const run = promisify(execFile);

const LOOK_MS = 100;
const START_MS = 30_000;

/** Why the daemons do not run on this machine. */
export class SlurmUnusable extends Error {}

interface Daemon {
  readonly name: string;
  readonly process: ChildProcess;
  /** What it said last. */
  said: string;
}

export class SlurmCluster implements AsyncDisposable {
  readonly #programs: SlurmPrograms;
  readonly #folder = mkdtempSync(join(tmpdir(), "longtail-slurm-"));
  readonly #daemons: Daemon[] = [];

  private constructor(programs: SlurmPrograms) {
    this.#programs = programs;
  }

  /** @throws SlurmUnusable, with the daemon's last words, where one of them ends or the nodes do not become ready. */
  static async start(programs: SlurmPrograms, nodes: number): Promise<SlurmCluster> {
    const cluster = new SlurmCluster(programs);
    try {
      await cluster.#startMunge();
      await cluster.#startSlurm(nodes);
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Runs a batch script to its end. Its output goes where --output says. @throws what execFile throws when it fails. */
  async batch(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<void> {
    await run(this.#programs.sbatch, ["--wait", ...args], { env: { ...this.#environment, ...environment } });
  }

  get #environment(): NodeJS.ProcessEnv {
    return { ...process.env, SLURM_CONF: this.#at("slurm.conf") };
  }

  #at(name: string): string {
    return join(this.#folder, name);
  }

  async #startMunge(): Promise<void> {
    writeFileSync(this.#at("munge.key"), randomBytes(64), { mode: 0o600 });
    const files = { "key-file": "key", socket: "socket", "pid-file": "pid", "seed-file": "seed" };
    const options = Object.entries(files).map(([option, name]) => `--${option}=${this.#at(`munge.${name}`)}`);
    // A temporary folder is one that others may write to, of which munged would be afraid without --force.
    this.#start("munged", ["--foreground", "--force", ...options]);
    await this.#until(() => Promise.resolve(existsSync(this.#at("munge.socket"))));
  }

  async #startSlurm(nodes: number): Promise<void> {
    const [controller, ...ports] = await freePorts(nodes + 1);
    writeFileSync(
      this.#at("slurm.conf"),
      configuration(this.#folder, { controller: controller!, nodes: ports }),
    );
    mkdirSync(this.#at("state"));
    this.#start("slurmctld", ["-D", "-f", this.#at("slurm.conf")]);
    for (const index of ports.keys()) {
      mkdirSync(this.#at(`spool-${nodeName(index)}`));
      this.#start("slurmd", ["-D", "-N", nodeName(index), "-f", this.#at("slurm.conf")]);
    }
    await this.#until(async () => (await this.#idleNodes()) === nodes);
  }

  async #idleNodes(): Promise<number> {
    try {
      const { stdout } = await run(this.#programs.sinfo, ["--noheader", "--Node", "--format=%T"], {
        env: this.#environment,
        timeout: START_MS,
      });
      return stdout.split("\n").filter((state) => state === "idle").length;
    } catch {
      return 0; // the controller does not answer yet
    }
  }

  #start(name: keyof SlurmPrograms, args: readonly string[]): void {
    const child = spawn(this.#programs[name], args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: this.#environment,
    });
    const daemon: Daemon = { name, process: child, said: "" };
    const onLine = (chunk: Buffer): void => {
      daemon.said = `${daemon.said}${chunk.toString()}`.slice(-2000);
    };
    child.stdout.on("data", onLine);
    child.stderr.on("data", onLine);
    this.#daemons.push(daemon);
  }

  async #until(ready: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + START_MS;
    while (!(await ready())) {
      const ended = this.#daemons.find(
        ({ process: { exitCode, signalCode } }) => exitCode !== null || signalCode !== null,
      );
      if (ended) throw new SlurmUnusable(`${ended.name} ended: ${ended.said}`);
      if (performance.now() > end)
        throw new SlurmUnusable(this.#daemons.map(({ name, said }) => `${name}: ${said}`).join("\n"));
      await sleep(LOOK_MS);
    }
  }

  /** Ends jobs, then the daemons, last started first. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (existsSync(this.#at("slurm.conf")))
      await run(this.#programs.scancel, ["--user=root"], { env: this.#environment, timeout: 5000 }).catch(
        () => undefined,
      );
    for (const { process: child } of this.#daemons.reverse()) await ended(child);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function ended(child: ChildProcess): Promise<unknown> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  const closed = new Promise((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  return closed;
}

async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}
