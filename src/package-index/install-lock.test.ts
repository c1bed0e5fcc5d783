/** The lock of an installation: of processes that run, have ended, or are in another container. */
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryFolder } from "../data/testing.fixture.js";
import { processCard } from "../support/process.js";
import { type HeldLock, type LockTimes, withLock } from "./install-lock.js";

let folder: ReturnType<typeof temporaryFolder>;
let path = "";
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, "engine.lock");
});
afterEach(() => {
  folder[Symbol.dispose]();
});

const TIMES: LockTimes = { alive: 20, believed: 120_000, wait: 10 };

/** Takes the lock; gives those that were waited for. */
async function taken(
  times = TIMES,
  work: () => Promise<void> = () => Promise.resolve(),
): Promise<HeldLock[]> {
  const waits: HeldLock[] = [];
  await withLock(path, work, { onWait: (held) => waits.push(held), times });
  expect(readdirSync(folder.path)).toEqual([]);
  return waits;
}

/** Id of a process that has ended. */
async function endedProcess(): Promise<number> {
  const child = spawn(process.execPath, ["-e", ""]);
  await new Promise((resolve) => child.on("close", resolve));
  return child.pid!;
}

const elsewhere = "process 1 on another-container\nnamespace pid:[4]\nlock 0\n";

test("work is done by one process at a time, and the lock names it", async () => {
  const order: string[] = [];
  let release = (): void => undefined;
  const first = withLock(
    path,
    () => {
      order.push("first");
      expect(readFileSync(path, "utf8")).toMatch(`process ${process.pid} on ${hostname()}`);
      return new Promise<void>((resolve) => (release = resolve));
    },
    { onWait: () => order.push("never"), times: TIMES },
  );
  const waits: HeldLock[] = [];
  const second = withLock(
    path,
    () => {
      order.push("second");
      return Promise.resolve();
    },
    {
      onWait: (held) => {
        waits.push(held);
        order.push("waits");
        setImmediate(() => {
          release();
        });
      },
      times: TIMES,
    },
  );
  await Promise.all([first, second]);
  expect(order.toSorted()).toEqual(["first", "second", "waits"]);
  expect(order.at(-1)).toBe("second");
  expect(waits).toMatchObject([{ path, owner: { pid: process.pid } }]);
  expect(readdirSync(folder.path)).toEqual([]);
});

test("a lock that a process which has ended left is taken over at once, also one of an earlier version", async () => {
  const pid = await endedProcess();
  for (const text of [processCard().replace(String(process.pid), String(pid)), String(pid), "nonsense", ""]) {
    writeFileSync(path, text);
    expect(await taken()).toEqual([]);
  }
});

test("one of another container is waited for while it shows that it runs, then taken over", async () => {
  writeFileSync(path, elsewhere);
  const touch = setInterval(() => {
    if (existsSync(path)) utimesSync(path, new Date(), new Date());
  }, 20);
  let waited = 0;
  const waits: HeldLock[] = [];
  await withLock(path, () => Promise.resolve(), {
    onWait: (held) => {
      waits.push(held);
      waited += 1;
      clearInterval(touch); // its machine has stopped
    },
    times: { ...TIMES, believed: 200 },
  });
  expect(waited).toBe(1);
  expect(waits).toEqual([{ path, owner: { pid: 1, host: "another-container", namespace: "pid:[4]" } }]);
  expect(readdirSync(folder.path)).toEqual([]);
});

test("one that was silent for long is taken over without a wait, unless an earlier version, which shows nothing, runs", async () => {
  const long = new Date(Date.now() - 3_600_000);
  writeFileSync(path, elsewhere);
  utimesSync(path, long, long);
  expect(await taken()).toEqual([]);
  writeFileSync(path, String(process.pid));
  utimesSync(path, long, long);
  const waiting = withLock(path, () => Promise.resolve(), {
    onWait: ({ owner }) => {
      expect(owner.pid).toBe(process.pid);
      writeFileSync(path, ""); // as if it had ended
    },
    times: TIMES,
  });
  await waiting;
});

test("a lock that another process took meanwhile is not removed at the end", async () => {
  await withLock(
    path,
    () => {
      writeFileSync(path, "");
      writeFileSync(path, elsewhere);
      return Promise.resolve();
    },
    { onWait: () => undefined, times: { ...TIMES, alive: 60_000 } },
  );
  expect(readFileSync(path, "utf8")).toBe(elsewhere);
});
