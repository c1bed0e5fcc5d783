/** Signals that come while a training prepares its images: it ends at once, and the next start goes on with what it kept. */
import { spawn } from "node:child_process";
import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { smallPhotographs } from "../src/cli/cli.fixture.js";
import { vision } from "../src/data/vision.js";
import { userCacheFolder } from "../src/support/paths.js";
import { weightsFile } from "../src/weights/install.js";
import { WEIGHTS } from "../src/weights/registry.js";

const command = join(import.meta.dirname, "../bin/longtail.js");
/** Images of each class. */
const IMAGES = 30;
/** Of a large photograph, which takes some time to decode. */
const SIDES = { height: 1500, width: 2000 };

let [folder, large, small] = ["", "", ""];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-prepared-"));
  small = smallPhotographs();
  large = join(folder, "large");
  const pixels = Buffer.alloc(3 * SIDES.height * SIDES.width, 120);
  const [photo] = vision().encodeImages([{ pixels, ...SIDES }], "png", 90, 1);
  mkdirSync(large);
  writeFileSync(join(folder, "photo.png"), photo!);
  for (const name of ["train/ant", "train/bee", "test/ant", "test/bee"]) {
    mkdirSync(join(large, name), { recursive: true });
    for (let i = 0; i < (name.startsWith("train") ? IMAGES : 1); i++)
      linkSync(join(folder, "photo.png"), join(large, name, `${i}.png`));
  }
});
afterAll(() => {
  for (const path of [folder, small]) rmSync(path, { recursive: true, force: true });
});

interface Report {
  readonly type: string;
  readonly what?: string;
  readonly split?: string;
  readonly images: number;
}

interface Outcome {
  readonly code: number | null;
  readonly stderr: string;
  /** Reports of images that were prepared, in order. */
  readonly reports: readonly Report[];
}

/** Runs a training, which gets a signal with its first report of prepared images where one is given. */
async function training(
  args: readonly string[],
  {
    signal,
    environment = {},
  }: { readonly signal?: NodeJS.Signals; readonly environment?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [command, "train", ...args, "--json", "--threads", "1"], {
    env: { ...process.env, ...environment },
  });
  let [stdout, stderr] = ["", ""];
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const isFirst = PREPARED.test(text) && !PREPARED.test(stdout);
    if (signal !== undefined && isFirst) child.kill(signal);
    stdout += text;
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  const lines = stdout.split("\n").filter((line) => PREPARED.test(line));
  return { code, stderr, reports: lines.map((line) => JSON.parse(line) as Report) };
}

const PREPARED = /"type":"(cache|inspection)"/;
const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGXCPU"] as const;

function expectEnd({ code, stderr }: Outcome, signal: (typeof signals)[number]): void {
  expect(stderr).toContain("ending before the training; what is on the disk of its images stays");
  expect(stderr).toContain(
    "interrupted before the training began; the same command goes on with what is on the disk",
  );
  expect(code).toBe(128 + constants.signals[signal]);
}

describe("while a cache of decoded images is filled", { timeout: 120_000 }, () => {
  const resize = '[{"kind":"resize-exact","height":16,"width":16}]';
  const filling = (name: string): string[] => [
    ...["caltech20-lt-ce", "--data", large, "--out", join(folder, name), "--set", "epochs=1"],
    ...["--set", "data.cache=disk", "--set", `data.cacheFolder=${join(folder, `${name}-cache`)}`],
    ...["--set", "data.imageSize=16", "--set", `data.train=${resize}`, "--set", `data.test=${resize}`],
    ...["--set", "data.workers=1", "--set", "data.batch=20"],
  ];

  test.each(signals)("%s", async (signal) => {
    const first = await training(filling(signal), { signal });
    expectEnd(first, signal);
    expect(first.reports.at(-1)!.images).toBeLessThan(2 * IMAGES);
    expect(existsSync(join(folder, signal))).toBe(false);
    const second = await training(filling(signal));
    expect(second.code).toBe(0);
    expect(second.reports[0]!.images).toBeGreaterThan(first.reports.at(-1)!.images);
    expect(second.reports.filter(({ split }) => split === "train").at(-1)).toMatchObject({
      images: 2 * IMAGES,
    });
    const left = readdirSync(join(folder, `${signal}-cache`)).filter((name) => !name.endsWith(".lock"));
    expect(left.filter((name) => !name.endsWith(".images"))).toEqual([]);
  });
});

describe("while all images are looked at", { timeout: 120_000 }, () => {
  test("SIGTERM", async () => {
    const environment = ownCache("looked");
    const args = ["caltech20-lt-ce", "--data", large, "--out", join(folder, "looked"), "--no-strict"];
    const quick = ["--set", "epochs=1", "--set", "data.workers=1"];
    const first = await training([...args, ...quick], { signal: "SIGTERM", environment });
    expectEnd(first, "SIGTERM");
    expect(first.reports.at(-1)!.images).toBeLessThan(2 * IMAGES);
    const second = await training([...args, ...quick], { environment });
    expect(second.code).toBe(0);
    expect(second.reports[0]!.images).toBeGreaterThanOrEqual(first.reports.at(-1)!.images);
  });
});

const { isThere } = weightsFile(WEIGHTS["efficientnet-lite0"]);
const why = isThere ? "" : " (skipped without the weights: `longtail weights get efficientnet-lite0`)";

describe.skipIf(!isThere)(`while features are computed${why}`, { timeout: 240_000 }, () => {
  test.each(["SIGTERM", "SIGUSR1"] as const)("%s", async (signal) => {
    const environment = ownCache(`features-${signal}`);
    const out = join(folder, `features-${signal}-run`);
    const args = ["caltech20-lt-pretrained", "--data", small, "--out", out, "--set", "epochs=1"];
    const first = await training(args, { signal, environment });
    expectEnd(first, signal);
    expect(first.reports.at(-1)).toMatchObject({ what: "features", images: 32 });
    const second = await training(args, { environment });
    expect(second.code).toBe(0);
    expect(second.reports[0]).toMatchObject({ what: "features", images: 33 }); // the one that was missing
  });
});

/** A cache of the user's with the engine and the weights of the real one, and nothing else. */
function ownCache(name: string): NodeJS.ProcessEnv {
  const [cache, real] = [join(folder, `${name}-home`), userCacheFolder()];
  mkdirSync(join(cache, "longtail"), { recursive: true });
  for (const entry of readdirSync(real).filter((one) => /^(torch-|weights$)/.test(one)))
    symlinkSync(join(real, entry), join(cache, "longtail", entry));
  return { XDG_CACHE_HOME: cache };
}
