import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { writeFileAtomic } from "../../support/atomic-file.js";
import { prettyJson, valueAt, isObject } from "../../support/json.js";
import { steadyNow } from "../../support/process.js";
import type { RunFolder } from "../../runs/run-folder.js";
import { type MlflowServer, RefusedError } from "./server.js";
import type { MlflowSettings } from "./settings.js";

interface Param {
  readonly key: string;
  readonly value: string;
}

/** What MLflow takes at most, in characters; longer ones are cut. */
const MAX_KEY_LENGTH = 250;
const MAX_VALUE_LENGTH = 6000;

/** A recipe as MLflow's parameters: a dotted key each; a list is one value, as JSON. */
export function paramsOf(value: unknown, prefix = ""): Param[] {
  if (isObject(value)) {
    return Object.entries(value).flatMap(([key, inner]) =>
      paramsOf(inner, prefix === "" ? key : `${prefix}.${key}`),
    );
  }
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return [
    {
      key: prefix.replaceAll(/[^\w.\-/ ]/g, "_").slice(0, MAX_KEY_LENGTH),
      value: text.slice(0, MAX_VALUE_LENGTH),
    },
  ];
}

export interface Metric {
  readonly key: string;
  readonly value: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  /** Of the whole training, from 1. */
  readonly step: number;
}

/** What log-batch takes at once: MLflow's limits on parameters. */
const PARAMS_AT_ONCE = 100;

/**
 * A run as the server knows it. Its id lies in the run's folder (mlflow.json), so that a resumed training logs to the
 * same one, and only what it does not know yet: a metric's steps only grow.
 */
export class MlflowRun {
  readonly #server: MlflowServer;
  readonly #artifacts: string;
  readonly #known: ReadonlyMap<string, number>;

  private constructor(
    server: MlflowServer,
    readonly id: string,
    answer: unknown,
  ) {
    this.#server = server;
    this.#artifacts = textAt(answer, "run", "info", "artifact_uri");
    const metrics = (valueAt(answer, ["run", "data", "metrics"]) ?? []) as {
      key: string;
      step?: number | string;
    }[];
    this.#known = new Map(metrics.map(({ key, step }) => [key, Number(step ?? 0)]));
  }

  /** The folder's run on this server, or a new one with the recipe and versions of its recipe.json. */
  static async open(server: MlflowServer, settings: MlflowSettings, folder: RunFolder): Promise<MlflowRun> {
    const { url } = settings;
    const description: unknown = JSON.parse(readFileSync(folder.recipe, "utf8"));
    const reported = storedRun(folder, url);
    if (reported !== null) {
      await server.post("runs/update", { run_id: reported, status: "RUNNING" });
      const known = await server.get("runs/get", { run_id: reported });
      const run = new MlflowRun(server, reported, known);
      const params = (valueAt(known, ["run", "data", "params"]) ?? []) as Param[];
      await run.#logParams(description, new Set(params.map(({ key }) => key)));
      return run;
    }
    const experiment = await experimentId(server, settings.experiment);
    const answer = await server.post("runs/create", {
      experiment_id: experiment,
      run_name: basename(folder.path),
      start_time: Math.floor(steadyNow()),
      tags: tagsOf(description),
    });
    const run = new MlflowRun(server, textAt(answer, "run", "info", "run_id"), answer);
    writeFileAtomic(mlflowFile(folder), prettyJson({ url, runId: run.id }));
    await run.#logParams(description, new Set());
    return run;
  }

  /** At most 1000 metrics. */
  async log(metrics: readonly Metric[]): Promise<void> {
    const unknown = metrics.filter(({ key, step }) => step > (this.#known.get(key) ?? -1));
    if (unknown.length > 0) await this.#server.post("runs/log-batch", { run_id: this.id, metrics: unknown });
  }

  /** Ends the run, with the files of its folder where the server takes files over its interface. */
  async end(status: "FINISHED" | "KILLED" | "FAILED", folder: RunFolder): Promise<void> {
    if (this.#artifacts.startsWith("mlflow-artifacts:"))
      for (const path of [folder.recipe, folder.result, folder.epochs, folder.firstBatch, folder.log])
        if (existsSync(path)) await this.#server.upload(this.#artifacts, basename(path), path);
    await this.#server.post("runs/update", { run_id: this.id, status, end_time: Math.floor(steadyNow()) });
  }

  /** Those that the server does not know: it takes no other value for one that it knows. */
  async #logParams(description: unknown, known: ReadonlySet<string>): Promise<void> {
    const params = paramsOf(valueAt(description, ["recipe"])).filter(({ key }) => !known.has(key));
    for (let from = 0; from < params.length; from += PARAMS_AT_ONCE)
      await this.#server.post("runs/log-batch", {
        run_id: this.id,
        params: params.slice(from, from + PARAMS_AT_ONCE),
      });
  }
}

function mlflowFile(folder: RunFolder): string {
  return join(folder.path, "mlflow.json");
}

/** The id of the folder's run on this server; null where it has none. */
function storedRun(folder: RunFolder, url: string): string | null {
  const path = mlflowFile(folder);
  if (!existsSync(path)) return null;
  const stored = JSON.parse(readFileSync(path, "utf8")) as { url: string; runId: string };
  return stored.url === url ? stored.runId : null;
}

async function experimentId(server: MlflowServer, name: string): Promise<string> {
  try {
    const found = await server.get("experiments/get-by-name", { experiment_name: name });
    return textAt(found, "experiment", "experiment_id");
  } catch (error) {
    if (!(error instanceof RefusedError) || error.status !== 404) throw error;
    return textAt(await server.post("experiments/create", { name }), "experiment_id");
  }
}

function tagsOf(description: unknown): { key: string; value: string }[] {
  const tag = (key: string, ...path: string[]) => ({ key, value: textAt(description, ...path) });
  return [
    { key: "mlflow.source.name", value: "longtail" },
    { key: "mlflow.source.type", value: "LOCAL" },
    tag("mlflow.note.content", "recipe", "description"),
    tag("longtail.version", "versions", "longtail"),
    tag("longtail.libtorch", "versions", "libtorch"),
    tag("longtail.device", "device"),
    tag("longtail.threads", "threads"),
    tag("longtail.data.train", "data", "train", "hash"),
    tag("longtail.data.test", "data", "test", "hash"),
  ];
}

/** A text or a number, as text; empty where there is none. */
function textAt(value: unknown, ...path: string[]): string {
  const found = valueAt(value, path);
  return typeof found === "string" || typeof found === "number" ? String(found) : "";
}
