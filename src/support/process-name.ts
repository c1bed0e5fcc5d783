import { hostname } from "node:os";

/** How this process names itself in files that others read: "process 4711 on gpu01". */
export function processName(): string {
  return `process ${process.pid} on ${hostname()}`;
}

/** The process that a line of the text names so; null where none does. */
export function processIn(text: string): { pid: number; host: string } | null {
  const [, pid, host] = /^process (\d+) on (\S+)$/m.exec(text) ?? [];
  return pid === undefined || host === undefined ? null : { pid: Number(pid), host };
}
