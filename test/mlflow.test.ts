import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../src/support/process.js";
import type { TrainingEvent } from "../src/runs/events.js";
import { mlflowSettings } from "../src/logs/mlflow/settings.js";
import { temporaryFolder, toyRecipe, writeToyData } from "../src/training/toy.fixture.js";
import { trainToy } from "../src/training/train-toy.fixture.js";
import { logProgram } from "./support/log-programs.js";

const program = logProgram("mlflow");
if ("missing" in program) console.warn(`skipped: ${program.missing}`);

let temporary: ReturnType<typeof temporaryFolder>;
let server: ChildProcess | undefined;
beforeAll(() => {
  temporary = temporaryFolder();
});
afterAll(async () => {
  if (server?.pid !== undefined) process.kill(-server.pid); // its workers, too
  await setTimeout(500);
  temporary[Symbol.dispose]();
});

async function startServer(bin: string): Promise<string> {
  const port = await freePort();
  const store = `sqlite:///${join(temporary.path, "mlflow.db")}`;
  const files = join(temporary.path, "artifacts");
  const args = ["server", "--host", "127.0.0.1", "--port", String(port), "--workers", "1"];
  server = spawn(
    join(bin, "mlflow"),
    [...args, "--backend-store-uri", store, "--artifacts-destination", files],
    {
      cwd: temporary.path,
      detached: true,
      stdio: "ignore",
    },
  );
  const url = `http://127.0.0.1:${port}`;
  for (let i = 0; i < 200; i += 1) {
    const { ok } = await fetch(`${url}/health`).catch(() => ({ ok: false }));
    if (ok) return url;
    await setTimeout(500);
  }
  throw new Error("the MLflow server did not start");
}

/** What MLflow's own Python client finds of a run. */
const QUERY = `
import json, sys
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1])
[experiment] = client.search_experiments(filter_string="name = 'tails'")
[run] = client.search_runs([experiment.experiment_id])
steps = {key: [m.step for m in client.get_metric_history(run.info.run_id, key)] for key in run.data.metrics}
files = [f.path for f in client.list_artifacts(run.info.run_id)]
print(json.dumps({"status": run.info.status, "params": run.data.params, "tags": run.data.tags, "steps": steps, "files": files}))
`;

interface Found {
  readonly status: string;
  readonly params: Record<string, string>;
  readonly tags: Record<string, string>;
  readonly steps: Record<string, number[]>;
  readonly files: string[];
}

test.skipIf("missing" in program)("a training and its going on are one run", async () => {
  const { bin } = program as { bin: string };
  const root = join(temporary.path, "data");
  const out = join(temporary.path, "toy");
  writeToyData(root);
  const recipe = toyRecipe(root, { epochs: 3 });
  const url = await startServer(bin);
  const mlflow = mlflowSettings({ url, experiment: "tails" }, {});
  const crash = (event: TrainingEvent): void => {
    if (event.type === "step" && event.epoch === 3 && event.step === 4) throw new Error("killed");
  };
  await expect(trainToy(recipe, out, { mlflow, listeners: [crash] })).rejects.toThrow("killed");
  const { events } = await trainToy(recipe, out, { mlflow, resume: true });
  expect(events.filter(({ type }) => type === "warning")).toEqual([]);

  const answer = execFileSync(join(bin, "python"), ["-c", QUERY, url], { encoding: "utf8" });
  const { status, params, tags, steps, files } = JSON.parse(answer.trim().split("\n").at(-1)!) as Found;
  expect(status).toBe("FINISHED");
  expect(params).toMatchObject({ "optimizer.lr": "0.05", "method.kind": "ncl", epochs: "3" });
  expect(tags).toMatchObject({ "mlflow.runName": "toy", "longtail.device": "cpu" });
  expect(steps["train/loss"]).toEqual(Array.from({ length: 18 }, (_, i) => i + 1));
  expect(steps["test/ensemble/few"]).toEqual([6, 12, 18]);
  expect(files).toEqual(
    expect.arrayContaining(["epochs.csv", "first-batch.png", "recipe.json", "result.json"]),
  );
});
