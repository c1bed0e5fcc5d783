import { readFile } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import type { MachineUse } from "../protocol.js";

const TICKS_A_SECOND = 100; // sysconf(_SC_CLK_TCK) on Linux x86-64 and arm64
const PAGE = 4096; // bytes

export type ProcessUse = Omit<MachineUse, "id" | "gpus">;

/** What a process takes of its machine, since it was last asked about. */
export class ProcessMeter {
  #before: { time: number; ticks: number } | null = null;

  constructor(readonly pid: number) {}

  /** Null when there is no such process, or no /proc. */
  async read(now: number): Promise<ProcessUse | null> {
    const stat = await readFile(`/proc/${this.pid}/stat`, "utf8").catch(() => null);
    if (stat === null) return null;
    // The name stands in brackets and may hold anything; the fields after it count from the state, the third (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const field = (place: number): number => Number(fields[place - 3]);
    const ticks = field(14) + field(15); // in user and kernel mode
    const cores = this.#since(now, ticks);
    const machine = { coresTotal: availableParallelism(), memoryTotal: totalmem() };
    return { pid: this.pid, cores, memory: field(24) * PAGE, ...machine };
  }

  #since(time: number, ticks: number): number | null {
    const before = this.#before;
    this.#before = { time, ticks };
    if (before === null || time <= before.time) return null;
    return (1000 * (ticks - before.ticks)) / TICKS_A_SECOND / (time - before.time);
  }
}
