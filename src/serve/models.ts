import { statSync } from "node:fs";
import { basename, extname } from "node:path";
import { setInterval } from "node:timers/promises";
import { LongtailError, UsageError } from "../support/errors.js";
import type { Engine } from "./engine.js";

/** Where a model comes from. */
export interface ModelSource {
  /** Its name in addresses. */
  readonly name: string;
  /** What was named: a run or a file. */
  readonly path: string;
  /** File whose change means another model: the ONNX file, or a run's checkpoint. */
  readonly watched: string;
  /** Path of the ONNX file as it is now. */
  file(): Promise<string>;
}

/** What happened to a model, for the log. */
export type ModelNews =
  | { readonly kind: "loaded"; readonly model: string; readonly seconds: number }
  | { readonly kind: "kept"; readonly model: string; readonly error: string };

interface ModelsOptions {
  readonly open: (file: string) => Promise<Engine>;
  readonly onNews: (news: ModelNews) => void;
  /** Time between two looks at the files. */
  readonly watchMs: number;
}

/** The models that are served, by their names; each is replaced when its file changes. */
export class ServedModels implements AsyncDisposable {
  readonly #models: ReadonlyMap<string, ServedModel>;
  readonly #options: ModelsOptions;
  readonly #stopped = new AbortController();
  readonly #watching: Promise<void>;

  /** @throws ModelError for a file that is no model; UsageError for two models of one name. */
  static async open(sources: readonly ModelSource[], options: ModelsOptions): Promise<ServedModels> {
    const models = new Map<string, ServedModel>();
    try {
      for (const source of sources) {
        if (models.has(source.name))
          throw new UsageError(
            `expected models of different names, found two of the name ${source.name}; name them: NAME=PATH`,
          );
        models.set(source.name, await ServedModel.open(source, options));
      }
    } catch (error) {
      await Promise.all([...models.values()].map((model) => model.close()));
      throw error;
    }
    return new ServedModels(models, options);
  }

  private constructor(models: ReadonlyMap<string, ServedModel>, options: ModelsOptions) {
    this.#models = models;
    this.#options = options;
    this.#watching = this.#watch();
  }

  get all(): readonly ServedModel[] {
    return [...this.#models.values()];
  }

  /** The model of that name; the first one where none is named. */
  get(name: string | undefined): ServedModel | undefined {
    return name === undefined ? this.all[0] : this.#models.get(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped.abort();
    await this.#watching;
    await Promise.all(this.all.map((model) => model.close()));
  }

  async #watch(): Promise<void> {
    const { signal } = this.#stopped;
    const ticks = setInterval(this.#options.watchMs, undefined, { signal, ref: false });
    try {
      for await (const _ of ticks) for (const model of this.all) await model.refresh(this.#options);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

/** One model, whichever version of it is in memory. */
export class ServedModel {
  readonly source: ModelSource;
  #engine: Engine;
  /** Of the file that was loaded, or that could not be. */
  #stamp: string;
  /** Of the file at the last look: it is loaded once it stays the same, since another program may still write it. */
  #seen: string;
  readonly #closing = new Set<Promise<void>>();

  static async open(source: ModelSource, options: ModelsOptions): Promise<ServedModel> {
    const stamp = stampOf(source);
    const started = performance.now();
    const engine = await options.open(await source.file());
    options.onNews({ kind: "loaded", model: source.name, seconds: (performance.now() - started) / 1000 });
    return new ServedModel(source, engine, stamp);
  }

  private constructor(source: ModelSource, engine: Engine, stamp: string) {
    this.source = source;
    this.#engine = engine;
    this.#stamp = this.#seen = stamp;
  }

  get engine(): Engine {
    return this.#engine;
  }

  /** Loads the file again when it has changed; requests that wait are answered by the version that they came to. */
  async refresh({ open, onNews }: ModelsOptions): Promise<void> {
    const { name } = this.source;
    const now = stampOf(this.source);
    const isSettled = now === this.#seen;
    this.#seen = now;
    if (now === this.#stamp || now === MISSING || !isSettled) return;
    this.#stamp = now;
    const started = performance.now();
    try {
      const engine = await open(await this.source.file());
      const before = this.#engine;
      this.#engine = engine;
      this.#closeLater(before);
      onNews({ kind: "loaded", model: name, seconds: (performance.now() - started) / 1000 });
    } catch (error) {
      onNews({ kind: "kept", model: name, error: error instanceof Error ? error.message : String(error) });
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.#engine.close(), ...this.#closing]);
  }

  #closeLater(engine: Engine): void {
    const closing = engine.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }
}

const MISSING = "missing";

/** A file that cannot be looked at now, such as on a disk that is away, counts as one that is not there. */
function stampOf({ watched }: ModelSource): string {
  try {
    const { ino, size, mtimeMs } = statSync(watched);
    return `${ino} ${size} ${mtimeMs}`;
  } catch {
    return MISSING;
  }
}

/** The name that a model has where none is given: its file's without the extension, or its folder's. */
export function nameOfModel(path: string): string {
  const name = basename(path.replace(/\/+$/, ""), extname(path) === ".onnx" ? ".onnx" : "");
  if (/^[\w.-]+$/.test(name)) return name;
  throw new LongtailError(
    `${path}: expected a name of letters, digits, ., _ and -, which is part of an address; name the model: NAME=${path}`,
  );
}
