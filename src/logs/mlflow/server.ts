import { readFile } from "node:fs/promises";
import { isObject } from "../../support/json.js";
import { fetchByProxy } from "../../support/proxies.js";
import type { MlflowSettings } from "./settings.js";

const ANSWER_MS = 20_000;

/** What the server will not do, however often it is asked. */
export class RefusedError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** MLflow's REST interface (mlflow.org/docs, "REST API"), version 2.0. */
export class MlflowServer {
  readonly #settings: MlflowSettings;
  readonly #signal: AbortSignal;

  /** The signal ends every request. */
  constructor(settings: MlflowSettings, signal: AbortSignal) {
    this.#settings = settings;
    this.#signal = signal;
  }

  /** @throws RefusedError; any other error may pass when asked again. */
  async get(path: string, query: Record<string, string>): Promise<unknown> {
    return this.#ask("GET", `api/2.0/mlflow/${path}?${new URLSearchParams(query).toString()}`);
  }

  /** @throws RefusedError; any other error may pass when asked again. */
  async post(path: string, body: unknown): Promise<unknown> {
    return this.#ask("POST", `api/2.0/mlflow/${path}`, JSON.stringify(body), "application/json");
  }

  /** Puts a file among a run's artifacts, where the server takes them (mlflow-artifacts:/…). */
  async upload(artifactUri: string, name: string, path: string): Promise<void> {
    const folder = artifactUri.replace(/^mlflow-artifacts:\/*/, "");
    const content = new Uint8Array(await readFile(path));
    await this.#ask(
      "PUT",
      `api/2.0/mlflow-artifacts/artifacts/${folder}/${name}`,
      content,
      "application/octet-stream",
    );
  }

  async #ask(
    method: string,
    path: string,
    body?: string | Uint8Array<ArrayBuffer>,
    type?: string,
  ): Promise<unknown> {
    const { url, authorization } = this.#settings;
    const response = await fetchByProxy(`${url}/${path}`, {
      method,
      headers: {
        ...(type === undefined ? {} : { "content-type": type }),
        ...(authorization === null ? {} : { authorization }),
      },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.any([this.#signal, AbortSignal.timeout(ANSWER_MS)]),
    });
    const text = await response.text();
    if (response.ok) return text === "" ? {} : (JSON.parse(text) as unknown);
    const message = `${url} answered ${response.status}: ${reason(text)}`;
    const mayPass = response.status >= 500 || response.status === 429 || response.status === 408;
    throw mayPass ? new Error(message) : new RefusedError(response.status, message);
  }
}

function reason(text: string): string {
  try {
    const answer: unknown = JSON.parse(text);
    if (isObject(answer) && typeof answer["message"] === "string") return answer["message"].slice(0, 300);
  } catch {
    // No JSON: the text itself says it.
  }
  return text.slice(0, 300);
}
