import { hostname } from "node:os";
import { type AddressInfo, createServer } from "node:net";

/** How this process names itself in files that others read: "process 4711 on gpu01". */
export function processName(): string {
  return `process ${process.pid} on ${hostname()}`;
}

/** The process that a line of the text names so; null where none does. */
export function processIn(text: string): { pid: number; host: string } | null {
  const [, pid, host] = /^process (\d+) on (\S+)$/m.exec(text) ?? [];
  return pid === undefined || host === undefined ? null : { pid: Number(pid), host };
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
