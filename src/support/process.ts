import { readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { type AddressInfo, createServer } from "node:net";

/** How this process names itself to people and in files that others read: "process 4711 on gpu01". */
export function processName(): string {
  return `process ${process.pid} on ${hostname()}`;
}

/** A process as a file names it. */
export interface NamedProcess {
  readonly pid: number;
  readonly host: string;
  /** Of its number: a container has one of its own. Null where the system has none, or the file is of an earlier version. */
  readonly namespace: string | null;
}

/** What a process writes of itself for `processIn`. */
export function processCard(): string {
  const namespace = pidNamespace();
  return `${processName()}\n${namespace === null ? "" : `namespace ${namespace}\n`}`;
}

/** The process that a text names; null where it names none. */
export function processIn(text: string): NamedProcess | null {
  const [, pid, host] = /^process (\d+) on (\S+)$/m.exec(text) ?? [];
  const namespace = /^namespace (\S+)$/m.exec(text)?.[1] ?? null;
  return pid === undefined || host === undefined ? null : { pid: Number(pid), host, namespace };
}

/** Whether the number of a named process can be looked up here: it is of this machine, and of this one's namespace. */
export function isVisible({ host, namespace }: NamedProcess): boolean {
  return host === hostname() && (namespace === null || namespace === pidNamespace());
}

function pidNamespace(): string | null {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return null;
  }
}

/**
 * The time of day in milliseconds since 1970, as this process's clock had it at its start, and what has gone by since. It
 * never goes back and never leaps, whatever is done to the clock meanwhile: what lies between two such times is a duration.
 */
export function steadyNow(): number {
  return performance.timeOrigin + performance.now();
}

/** A port of this machine's own address that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => {
        resolve(port);
      });
    });
  });
}
