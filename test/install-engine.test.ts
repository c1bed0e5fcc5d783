/** Installations by processes of their own, with the built code: one that is killed, and two at a time. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { once } from "node:events";
import { afterEach, beforeEach, expect, test } from "vitest";
import { WheelsFixture } from "../src/libtorch/install.fixture.js";
import { LIBTORCH_VERSION } from "../src/libtorch/version.js";
import { startIndex, type IndexServer } from "../src/package-index/server.fixture.js";

/** Of torch's wheel, and needed: more than is noted at once. */
const large = "x".repeat(20 << 20);

const installed = `torch-${LIBTORCH_VERSION}-cuda`;

let fixture: WheelsFixture;
let index: IndexServer;
beforeEach(async () => {
  fixture = new WheelsFixture({ "torch/lib/libtorch_cuda.so": large });
  index = await startIndex(fixture.files);
  fixture.environment["PIP_INDEX_URL"] = index.url;
});
afterEach(async () => {
  await index[Symbol.asyncDispose]();
  fixture[Symbol.dispose]();
});

/** Starts an installation with CUDA in a process of its own; it prints what it is at. */
function start(): ChildProcess {
  const module = new URL("../dist/libtorch/install.js", import.meta.url).href;
  const script = join(fixture.folder, "install.mjs");
  writeFileSync(
    script,
    `import { installEngine } from ${JSON.stringify(module)};
     const wheels = ${JSON.stringify(fixture.cuda)};
     const onProgress = (progress) => console.log(progress.kind, progress.bytes ?? "");
     const { cuda } = await installEngine({ cuda: true, wheels, onProgress });
     console.log("installed", cuda);`,
  );
  const env = { ...fixture.environment, PATH: "" };
  return spawn(process.execPath, [script], { env, stdio: ["ignore", "pipe", "inherit"] });
}

/** All that a process prints, and its exit code. */
async function ended(child: ChildProcess): Promise<{ code: number | null; printed: string }> {
  let printed = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (printed += text));
  await once(child, "close");
  return { code: child.exitCode, printed };
}

/** Waits until something is so. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20));
}

test("a killed installation is continued by the next process, and nothing of it is left", async () => {
  index.behavior.hold = 17 << 20;
  const killed = start();
  const note = join(fixture.folder, "cache/longtail", `${installed}.downloads`);
  const noted = (): number => {
    const name = existsSync(note) ? readdirSync(note).find((one) => /^torch.*json$/.test(one)) : undefined;
    if (name === undefined) return 0;
    const { spans } = JSON.parse(readFileSync(join(note, name), "utf8")) as {
      spans: { from: number; to: number }[];
    };
    return spans.find(({ from }) => from === 0)?.to ?? 0;
  };
  await until(() => noted() >= 16 << 20);
  killed.kill("SIGKILL");
  await once(killed, "close");
  const kept = noted();
  index.behavior.hold = undefined;
  const before = index.asked.length;

  const next = await ended(start());
  expect(next.printed).toMatch(/installed true\n$/);
  expect(next.code).toBe(0);
  const ranges = index.asked.slice(before).filter(({ path }) => path.startsWith("/files/torch"));
  expect(ranges[0]?.range).toMatch(new RegExp(`^bytes=${kept}-`));
  const library = join(fixture.folder, "cache/longtail", installed, "torch/lib/libtorch_cuda.so");
  expect(readFileSync(library, "utf8")).toBe(large);
  expect(fixture.cacheEntries()).toEqual([installed]);
});

test("of two processes one installs, and the other waits for it", async () => {
  const both = await Promise.all([ended(start()), ended(start())]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  expect(both.filter(({ printed }) => printed.includes("fetch"))).toHaveLength(1);
  expect(both.filter(({ printed }) => printed.startsWith("wait"))).toHaveLength(1);
  expect(index.asked.filter(({ path }) => path === "/simple/torch/")).toHaveLength(1);
  expect(fixture.cacheEntries()).toEqual([installed]);
});
