import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { freePort } from "../../src/support/process.js";

const dist = pathToFileURL(join(import.meta.dirname, "../../dist/")).href;

export interface Ended {
  readonly rank: number;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly children: readonly ChildProcess[];
  readonly ended: Promise<Ended[]>;
}

/** What a launcher tells the process of a rank. */
export function placeOf(rank: number, ranks: number, port: number): Record<string, string> {
  return {
    RANK: String(rank),
    WORLD_SIZE: String(ranks),
    LOCAL_RANK: String(rank),
    LOCAL_WORLD_SIZE: String(ranks),
    MASTER_ADDR: "127.0.0.1",
    MASTER_PORT: String(port),
    OMP_NUM_THREADS: "1",
  };
}

/** Starts a command, an argument list for each rank's environment. */
export function start(
  commands: readonly { args: readonly string[]; env: Record<string, string> }[],
): Started {
  const children = commands.map(({ args, env }) =>
    spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] }),
  );
  return { children, ended: Promise.all(children.map(outcome)) };
}

function outcome(child: ChildProcess, rank: number): Promise<Ended> {
  const text = { stdout: "", stderr: "" };
  child.stdout!.setEncoding("utf8").on("data", (chunk: string) => (text.stdout += chunk));
  child.stderr!.setEncoding("utf8").on("data", (chunk: string) => (text.stderr += chunk));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      resolve({ rank, code, signal, ...text });
    });
  });
}

/**
 * Runs JavaScript in a process for each rank. It sees `world` (all have met), `rank`, `load(path)` for the built modules,
 * `report(value)`, and what `given` holds. Returns what each told, or throws the first error.
 */
export async function inRanks<T>(
  ranks: number,
  code: string,
  { given = {}, timeoutMs = 20_000 }: { given?: Record<string, unknown>; timeoutMs?: number } = {},
): Promise<T[]> {
  const port = await freePort();
  const { ended } = start(
    Array.from({ length: ranks }, (_, rank) => ({
      args: ["--input-type=module", "-e", program(code, given, timeoutMs)],
      env: placeOf(rank, ranks, port),
    })),
  );
  const all = await ended;
  const failed = all.find((one) => one.code !== 0);
  if (failed !== undefined)
    throw new Error(`rank ${failed.rank} ended with ${failed.code}:\n${failed.stderr}`);
  return all.map(({ stdout }) => JSON.parse(stdout) as T);
}

export function program(code: string, given: Record<string, unknown>, timeoutMs: number): string {
  return `
    const load = (path) => import(${JSON.stringify(dist)} + path);
    const given = ${JSON.stringify(given)};
    const report = (value) => console.log(JSON.stringify(value));
    const { joinWorld } = await load("distributed/rendezvous.js");
    const { rankInfoFrom } = await load("distributed/rank-info.js");
    const world = await joinWorld(rankInfoFrom(process.env), { timeoutMs: ${timeoutMs} });
    const { rank } = world;
    ${code}
    await world.part();
    world[Symbol.dispose]();`;
}
