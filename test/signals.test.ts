/** Ends other than Ctrl-C: signals of batch systems, terminals that are closed, outputs that are closed or full. */
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  openSync,
  closeSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { constants, tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { quick, smallPhotographs } from "../src/cli/cli.fixture.js";

const command = join(import.meta.dirname, "../bin/longtail.js");
let [data, folder] = ["", ""];
beforeAll(() => {
  data = smallPhotographs();
  folder = mkdtempSync(join(tmpdir(), "longtail-signals-"));
});
afterAll(() => {
  for (const path of [data, folder]) rmSync(path, { recursive: true, force: true });
});

const training = (out: string, ...more: string[]): string[] => [
  ...["train", "caltech20-lt-ce", "--data", data, "--out", join(folder, out), "--threads", "1", ...quick],
  ...["--set", "data.batch=2", ...more],
];
const last = (out: string): Buffer => readFileSync(join(folder, out, "checkpoints/last.safetensors"));

interface Ended {
  readonly code: number | null;
  readonly stderr: string;
}

function start(args: readonly string[], environment: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [command, ...args], { env: { ...process.env, ...environment } });
}

function ended(child: ChildProcess): Promise<Ended> {
  let stderr = "";
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdout!.resume();
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ code, stderr }));
  });
}

async function afterSteps(out: string): Promise<void> {
  const metrics = join(folder, out, "metrics.jsonl");
  const steps = (): number =>
    existsSync(metrics) ? readFileSync(metrics, "utf8").split('"type":"step"').length - 1 : 0;
  while (steps() < 5) await setTimeout(20);
}

describe(
  "a training that a signal ends has a checkpoint and resumes to the same weights",
  { timeout: 120_000 },
  () => {
    beforeAll(async () => {
      expect((await ended(start(training("whole")))).code).toBe(0);
    }, 60_000);

    test.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU"] as const)(
      "%s",
      async (signal) => {
        const child = start(training(signal));
        const end = ended(child);
        await afterSteps(signal);
        child.kill(signal);
        if (signal !== "SIGINT") child.kill(signal); // batch systems send it more than once
        const { code, stderr } = await end;
        expect(stderr).toContain("ending after this step, with a checkpoint");
        expect(stderr).not.toContain("Debugger");
        expect(code).toBe(128 + constants.signals[signal]);
        expect(last(signal).equals(last("whole"))).toBe(false);
        expect((await ended(start(training(signal, "--resume")))).code).toBe(0);
        expect(last(signal).equals(last("whole"))).toBe(true);
      },
    );
  },
);

test(
  "SIGHUP is ignored under nohup, which leaves a standard input that cannot be read",
  { timeout: 60_000 },
  async () => {
    const unreadable = openSync("/dev/null", "w");
    const child = spawn(process.execPath, [command, ...training("nohup")], {
      stdio: [unreadable, "pipe", "pipe"],
    });
    closeSync(unreadable);
    const end = ended(child);
    await afterSteps("nohup");
    child.kill("SIGHUP");
    expect((await end).code).toBe(0);
  },
);

describe("SIGUSR1 opens no debugger", { timeout: 60_000 }, () => {
  test("in a command that does not wait for it, which it ends", async () => {
    const child = start(["watch", "--port", "0", folder]);
    const end = ended(child);
    await new Promise((resolve) => child.stdout!.once("data", resolve));
    child.kill("SIGUSR1");
    expect(await end).toEqual({ code: 138, stderr: expect.stringContaining("SIGUSR1: closing") as string });
  });

  test("while a command starts", async () => {
    for (const milliseconds of [20, 30, 40, 50, 60, 80]) {
      const child = start(["recipes"]);
      const end = new Promise<number>((resolve) => {
        child.on("close", (code, signal) => {
          resolve(signal === null ? code! : 128 + constants.signals[signal]);
        });
      });
      child.stdout!.resume();
      await setTimeout(milliseconds);
      child.kill("SIGUSR1");
      expect([0, 138]).toContain(await end); // it had ended before, or ended by the signal
    }
  });
});

describe("under Slurm", { timeout: 60_000 }, () => {
  test("a warning signal has the job queued again where that was asked for", async () => {
    const calls = join(folder, "calls");
    const scontrol = join(folder, "scontrol");
    writeFileSync(scontrol, `#!/bin/sh\necho "$@" >> ${calls}\n`);
    chmodSync(scontrol, 0o755);
    const PATH = `${folder}${delimiter}${process.env["PATH"]}`;
    const job = { SLURM_JOB_ID: "12", SLURM_ARRAY_JOB_ID: "10", SLURM_ARRAY_TASK_ID: "2", PATH };
    const child = start(training("requeued", "--resume", "--requeue"), job);
    const end = ended(child);
    await afterSteps("requeued");
    child.kill("SIGUSR1");
    const { code, stderr } = await end;
    expect(stderr).toContain("job 10_2 is queued again");
    expect(code).toBe(138);
    expect(readFileSync(calls, "utf8")).toBe("requeue 10_2\n");
  });

  test.each([
    [{}, "found no SLURM_JOB_ID"],
    [{ SLURM_JOB_ID: "12" }, "expected --resume as well"],
  ])("--requeue alone, with %j, says what it lacks", async (environment, message) => {
    const { code, stderr } = await ended(start(training("refused", "--requeue"), environment));
    expect(stderr).toContain(message);
    expect(code).toBe(2);
  });
});

describe("an output that is closed or full", { timeout: 60_000 }, () => {
  test("ends no training", async () => {
    const child = start(training("closed", "--json"));
    child.stdout!.destroy();
    child.stderr!.destroy();
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(code).toBe(0);
    expect(existsSync(join(folder, "closed/result.json"))).toBe(true);
  });

  test("nor does a full one, and it is said", async () => {
    const { code, stderr } = await withFullOutput(training("full"));
    expect(stderr).toContain("stdout cannot be written (ENOSPC)");
    expect(code).toBe(0);
    expect(existsSync(join(folder, "full/result.json"))).toBe(true);
  });

  test("a command whose output was asked for fails when it is full", async () => {
    expect(await withFullOutput(["recipes"])).toEqual({
      code: 1,
      stderr: "stdout cannot be written (ENOSPC): what is there is not all of the output\n",
    });
  });

  test("and ends with 0 when nobody reads", async () => {
    const child = start(["recipes"]);
    child.stdout!.destroy();
    expect(await new Promise((resolve) => child.on("close", resolve))).toBe(0);
  });

  async function withFullOutput(args: readonly string[]): Promise<Ended> {
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, [command, ...args], { stdio: ["ignore", full, "pipe"] });
    closeSync(full);
    let stderr = "";
    child.stderr!.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    return new Promise((resolve) => {
      child.on("close", (code) => resolve({ code, stderr }));
    });
  }
});
