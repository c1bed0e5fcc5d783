import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { UsageError } from "../../support/errors.js";
import type { TrainingEvent } from "../../runs/events.js";
import { runFolder } from "../../runs/run-folder.js";
import { temporaryFolder, toyRecipe, writeToyData } from "../../training/toy.fixture.js";
import { trainToy } from "../../training/train-toy.fixture.js";
import { FakeMlflow } from "./fake-server.fixture.js";
import { type MlflowLimits, MlflowLog } from "./mlflow-log.js";
import { paramsOf } from "./mlflow-run.js";
import { mlflowSettings } from "./settings.js";

let temporary: ReturnType<typeof temporaryFolder>;
let fake: FakeMlflow;
let url: string;
beforeEach(async () => {
  temporary = temporaryFolder();
  fake = new FakeMlflow();
  url = await fake.listen();
});
afterEach(async () => {
  await fake.close();
  temporary[Symbol.dispose]();
});

const time = "2026-01-01T00:00:00.000Z";
const runEvent = { type: "run", time, stepsPerEpoch: 100_000, from: null } as unknown as TrainingEvent;
const stepEvent = (step: number): TrainingEvent => {
  const numbers = { loss: 1 / step, terms: {}, accuracy: 50, lr: 0.1, imagesPerSecond: 10, gradNorm: null };
  return { type: "step", time, epoch: 1, step, ...numbers };
};
const settings = () => ({ url, experiment: "tails", authorization: null });
const limits = { everyMs: 5, longestPauseMs: 20, endMs: 2000 };

function logTo(options: Partial<MlflowLimits> = {}) {
  const folder = runFolder(join(temporary.path, "run"));
  mkdirSync(folder.path, { recursive: true });
  writeFileSync(folder.recipe, JSON.stringify({ recipe: { epochs: 3 }, versions: { longtail: "0.1.0" } }));
  const warnings: string[] = [];
  const warn = (message: string): void => void warnings.push(message);
  const log = new MlflowLog({
    settings: settings(),
    folder,
    everySteps: 1,
    warn,
    limits: { ...limits, ...options },
  });
  return { log, warnings, folder };
}

function losses(): number[] {
  return fake.runs.get("run-1")!.metrics.flatMap(({ key, step }) => (key === "train/loss" ? [step] : []));
}

const count = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe("a training", () => {
  test("is told with its recipe, versions, numbers and files; going on tells the same run nothing twice", async () => {
    const root = join(temporary.path, "data");
    const out = join(temporary.path, "out");
    writeToyData(root);
    const recipe = toyRecipe(root, { epochs: 3 });
    const controller = new AbortController();
    const stop = (event: TrainingEvent): void => {
      if (event.type === "step" && event.epoch === 2 && event.step === 3) controller.abort();
    };
    const mlflow = settings();
    await trainToy(recipe, out, { mlflow, listeners: [stop], signal: controller.signal });
    expect(fake.runs.get("run-1")?.status).toBe("KILLED");
    await trainToy(recipe, out, { mlflow, resume: true });
    expect(fake.experiments).toEqual(["tails"]);
    expect([...fake.runs.keys()]).toEqual(["run-1"]);
    const { params, metrics, tags, status, artifacts } = fake.runs.get("run-1")!;
    expect(status).toBe("FINISHED");
    expect(losses()).toEqual(count(1, 18));
    const few = metrics.filter(({ key }) => key === "test/expert-2/few").map(({ step }) => step);
    expect(few).toEqual([6, 12, 18]);
    expect(params.get("optimizer.lr")).toBe("0.05");
    expect(params.get("data.train")).toContain('"kind":"random-crop"');
    expect(tags).toContainEqual({ key: "longtail.version", value: "0.1.0" });
    expect(artifacts).toEqual(
      expect.arrayContaining(["recipe.json", "result.json", "epochs.csv", "first-batch.png"]),
    );
    const stored = JSON.parse(readFileSync(join(out, "mlflow.json"), "utf8")) as unknown;
    expect(stored).toEqual({ url, runId: "run-1" });
  });
});

describe("a server", () => {
  test("that is away for a while gets everything later; a warning says so once", async () => {
    fake.trouble = { status: 503 };
    const { log, warnings } = logTo();
    log.handle(runEvent);
    for (const step of count(1, 5)) log.handle(stepEvent(step));
    await setTimeout(100);
    fake.trouble = null;
    log.handle(stepEvent(6));
    await log.finish("finished");
    expect(losses()).toEqual(count(1, 6));
    expect(warnings).toEqual([
      `MLflow at ${url}: ${url} answered 503: in trouble; the training goes on and asks again`,
    ]);
  });

  test("that is not there costs the end of a training a moment, and a warning says what it lacks", async () => {
    await fake.close();
    const { log, warnings } = logTo({ endMs: 100 });
    log.handle(runEvent);
    log.handle(stepEvent(1));
    await log.finish("finished");
    expect(warnings[0]).toMatch(
      /fetch failed \(connect ECONNREFUSED .*\); the training goes on and asks again/,
    );
    expect(warnings[1]).toMatch(/4 numbers did not reach it; metrics\.jsonl has all of them/);
  });

  test("that never answers is given up at the end", async () => {
    fake.trouble = { status: null };
    const { log, warnings } = logTo({ endMs: 100 });
    log.handle(runEvent);
    log.handle(stepEvent(1));
    await log.finish("finished");
    expect(warnings).toEqual([expect.stringContaining("4 numbers did not reach it")]);
  });

  test("that refuses is asked no more", async () => {
    fake.trouble = { status: 401 };
    const { log, warnings } = logTo();
    log.handle(runEvent);
    await setTimeout(100);
    const { requests } = fake;
    log.handle(stepEvent(1));
    await setTimeout(50);
    await log.finish("failed");
    expect([requests, fake.requests]).toEqual([1, 1]);
    expect(warnings[0]).toContain("answered 401: in trouble; the training goes on without it");
  });

  test("gets the newest when too much waits, in batches it takes", async () => {
    fake.trouble = { status: 503 };
    const { log, warnings } = logTo({ waiting: 4 * 1500 });
    log.handle(runEvent);
    await setTimeout(30);
    for (const step of count(1, 2000)) log.handle(stepEvent(step));
    fake.trouble = null;
    await log.finish("finished");
    expect(losses()).toEqual(count(501, 2000));
    expect(warnings.at(-1)).toContain("2000 numbers did not reach it");
  });

  test("that failed in the middle of the parameters gets the rest later", async () => {
    fake.failAfter = 2; // the experiment and the run are there, the parameters are not
    fake.experiments.push("tails");
    const { log } = logTo();
    log.handle(runEvent);
    await setTimeout(100);
    fake.failAfter = Infinity;
    await log.finish("finished");
    expect([...fake.runs.keys()]).toEqual(["run-1"]);
    expect(fake.runs.get("run-1")?.params.get("epochs")).toBe("3");
  });

  test("another one gets a run of its own", async () => {
    const { log, folder } = logTo();
    writeFileSync(
      join(folder.path, "mlflow.json"),
      JSON.stringify({ url: "http://elsewhere", runId: "run-9" }),
    );
    log.handle(runEvent);
    await log.finish("finished");
    expect([...fake.runs.keys()]).toEqual(["run-1"]);
  });
});

describe("settings", () => {
  test("come from the flag, then from MLflow's environment variables", () => {
    const environment = {
      MLFLOW_TRACKING_URI: "https://there/base/",
      MLFLOW_EXPERIMENT_NAME: "e",
      MLFLOW_TRACKING_TOKEN: "secret",
    };
    const asked = { url: null, experiment: null };
    expect(mlflowSettings(asked, environment)).toEqual({
      ...{ url: "https://there/base", experiment: "e", authorization: "Bearer secret" },
    });
    const user = { MLFLOW_TRACKING_USERNAME: "ann", MLFLOW_TRACKING_PASSWORD: "pw" };
    expect(mlflowSettings({ url: "http://x:5000", experiment: "mine" }, user)).toEqual({
      ...{ url: "http://x:5000", experiment: "mine", authorization: "Basic YW5uOnB3" },
    });
  });

  test("an address that is none, or that holds a password, is refused without showing it", () => {
    const given = (url: string) => () => mlflowSettings({ url, experiment: null }, {});
    expect(given("cifar100-lt-ncl")).toThrow(UsageError);
    expect(given("cifar100-lt-ncl")).toThrow(/--mlflow: expected the address .* found "cifar100-lt-ncl"/);
    expect(given("http://ann:pw@x")).toThrow(/MLFLOW_TRACKING_PASSWORD/);
    expect(given("ftp://ann:pw@x")).not.toThrow(/pw/);
    expect(() => mlflowSettings({ url: null, experiment: null }, {})).toThrow(
      /MLFLOW_TRACKING_URI: .* found nothing/,
    );
  });

  test("the password goes to the server and nowhere else", async () => {
    const { folder } = logTo();
    const authorization = "Basic YW5uOnB3";
    const log = new MlflowLog({
      settings: { ...settings(), authorization },
      folder,
      everySteps: 1,
      warn: () => undefined,
      limits,
    });
    log.handle(runEvent);
    await log.finish("finished");
    expect([...fake.authorizations]).toEqual([authorization]);
    expect(existsSync(join(folder.path, "mlflow.json"))).toBe(true);
    expect(readFileSync(join(folder.path, "mlflow.json"), "utf8")).not.toContain("YW5u");
  });
});

test("a recipe's keys as parameters, cut to what MLflow takes", () => {
  const long = "x".repeat(7000);
  expect(paramsOf({ a: { b: [1, { c: 2 }], "d*e": null }, f: long })).toEqual([
    { key: "a.b", value: '[1,{"c":2}]' },
    { key: "a.d_e", value: "null" },
    { key: "f", value: "x".repeat(6000) },
  ]);
});
