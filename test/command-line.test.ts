import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { quick, smallPhotographs } from "../src/cli/cli.fixture.js";

/** The built command, as people start it: `npm run setup` comes first. */
const command = join(import.meta.dirname, "../bin/longtail.js");

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Options {
  readonly environment?: Record<string, string>;
  /** Called with all of stdout so far; what it returns is sent to the process, once. */
  readonly interruptWhen?: (stdout: string) => boolean;
}

function longtail(args: readonly string[], { environment, interruptWhen }: Options = {}): Promise<Ended> {
  const child = spawn(process.execPath, [command, ...args], { env: { ...process.env, ...environment } });
  let [stdout, stderr, interrupted] = ["", "", false];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    if (interrupted || !interruptWhen?.(stdout)) return;
    interrupted = true;
    child.kill("SIGINT");
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-command-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

test("a limit of open files that is too low is said", () => {
  const { status, stderr } = spawnSync("bash", [
    "-c",
    `ulimit -n 32; exec "$0" "$1" recipes`,
    process.execPath,
    command,
  ]);
  expect(stderr.toString()).toBe(
    "error: longtail needs 256 open files or more, found a limit of 32 (ulimit -n); raise it with `ulimit -n 1024`, or ask who set it\n",
  );
  expect(status).toBe(1);
});

describe("without an engine", () => {
  test("recipes works", async () => {
    const environment = { XDG_CACHE_HOME: folder, LONGTAIL_TORCH: "" };
    const { code, stdout } = await longtail(["recipes"], { environment });
    expect(code).toBe(0);
    expect(stdout).toContain("cifar100-lt-ncl");
  });

  test("what needs it says how to install it", async () => {
    const { code, stderr } = await longtail(["engine", "info"], {
      environment: { XDG_CACHE_HOME: folder, LONGTAIL_TORCH: "" },
    });
    expect(stderr).toMatch(
      /^error: the engine \(libtorch .*\) is not installed: .*; install it with `npm run setup`/,
    );
    expect(code).toBe(1);
  });
});

test("Ctrl-C ends a training after the step, with a checkpoint, and 130", async () => {
  const photographs = smallPhotographs();
  const run = join(folder, "run");
  const { code, stdout, stderr } = await longtail(
    [
      "train",
      "caltech20-lt-ce",
      "--data",
      photographs,
      "--out",
      run,
      "--json",
      ...quick,
      "--set",
      "epochs=100000",
    ],
    { interruptWhen: (text) => text.includes('"type":"step"') },
  );
  rmSync(photographs, { recursive: true });
  expect(stderr).toContain("ending after this step, with a checkpoint; Ctrl-C again ends at once");
  expect(stderr).toContain(
    `\ninterrupted; \`longtail train ${run} --resume\` resumes from ${run}/checkpoints/last.safetensors`,
  );
  expect(stdout).toContain('"reason":"interrupted"');
  expect(code).toBe(130);
  expect(existsSync(join(run, "checkpoints/last.safetensors"))).toBe(true);
});

test("a reader that has enough ends the command quietly", async () => {
  const child = spawn("sh", ["-c", `"${process.execPath}" "${command}" recipes --keys | head -1`]);
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  await new Promise((resolve) => child.on("close", resolve));
  expect(stderr).toBe("");
});
