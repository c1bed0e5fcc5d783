import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { systemCode } from "../../support/errors.js";
import type { GpuUse } from "../protocol.js";

const PATIENCE = 5000; // milliseconds; a busy driver may take a second
const EVERY = 3000;
const MEBIBYTE = 1 << 20;

interface Gpus {
  readonly all: readonly (GpuUse & { readonly uuid: string })[];
  /** uuid and process, for every process that computes. */
  readonly processes: readonly (readonly [uuid: string, pid: number])[];
}

export type RunProgram = (program: string, args: readonly string[]) => Promise<string>;

/** What nvidia-smi says, at most every three seconds; nothing where there is none. */
export class GpuMeter {
  readonly #run: RunProgram;
  #known: Gpus = { all: [], processes: [] };
  #askedAt = Number.NEGATIVE_INFINITY;
  #isThere = true;

  constructor(run: RunProgram = execute) {
    this.#run = run;
  }

  /**
   * The GPUs that a process computes on. In a container nvidia-smi knows the processes by other numbers: then the one
   * that the run's device names, "cuda" or "cuda:1".
   */
  async read({ pid, device, now }: { pid: number; device: string; now: number }): Promise<GpuUse[]> {
    if (!device.startsWith("cuda")) return [];
    if (this.#isThere && now - this.#askedAt >= EVERY) {
      this.#askedAt = now;
      await this.#ask();
    }
    const { all, processes } = this.#known;
    const uuids = processes.filter(([, process]) => process === pid).map(([uuid]) => uuid);
    const named = Number(device.split(":")[1] ?? 0);
    const its = all.filter(({ uuid, index }) => (uuids.length > 0 ? uuids.includes(uuid) : index === named));
    return its.map(({ uuid: _uuid, ...use }) => use);
  }

  async #ask(): Promise<void> {
    try {
      const fields = "uuid,index,name,utilization.gpu,memory.used,memory.total";
      const all = rows(await this.#run("nvidia-smi", [`--query-gpu=${fields}`, FORMAT])).map(gpu);
      const apps = rows(await this.#run("nvidia-smi", ["--query-compute-apps=gpu_uuid,pid", FORMAT]));
      this.#known = { all, processes: apps.map(([uuid = "", pid]) => [uuid, Number(pid)]) };
    } catch (error) {
      this.#known = { all: [], processes: [] };
      if (systemCode(error) === "ENOENT") this.#isThere = false;
    }
  }
}

const FORMAT = "--format=csv,noheader,nounits";

function rows(text: string): string[][] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  return lines.map((line) => line.split(",").map((cell) => cell.trim()));
}

function gpu([uuid = "", index, name = "", busy, used, total]: string[]): Gpus["all"][number] {
  return {
    ...{ uuid, name, index: Number(index), busy: measured(busy) },
    ...{ memory: bytes(used), memoryTotal: bytes(total) },
  };
}

/** Parts of a GPU (MIG) and some drivers say "[N/A]". */
function measured(text: string | undefined): number | null {
  const value = Number(text);
  return text === undefined || text === "" || Number.isNaN(value) ? null : value;
}

function bytes(mebibytes: string | undefined): number | null {
  const value = measured(mebibytes);
  return value === null ? null : value * MEBIBYTE;
}

const execute: RunProgram = async (program, args) => {
  const { stdout } = await promisify(execFile)(program, args, { timeout: PATIENCE });
  return stdout;
};
