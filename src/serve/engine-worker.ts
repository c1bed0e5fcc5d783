/** The thread that computes: it decodes images as they come and predicts those that are ready, a batch at a time. */
import { setImmediate } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { load, type PreparedImage, type RuntimeModel } from "../runtime/index.js";
import { DataError, LongtailError, UsageError } from "../support/errors.js";
import type { Failure, ImageOrder, Order, Outcome, Report, WorkerSettings } from "./engine.js";

/** Bytes of a lone image that is decoded on this thread: another one would begin later than it takes. */
const SMALL = 1 << 20;

interface Job extends Pick<ImageOrder, "id" | "top" | "isAlone"> {
  readonly image: PreparedImage;
}

class Batches {
  readonly #model: RuntimeModel;
  /** The same model with more threads, for an image that no other waits with. */
  readonly #wide: RuntimeModel;
  readonly #maxBatch: number;
  readonly #canceled = new Set<number>();
  readonly #ready: Job[] = [];
  readonly #decoding = new Set<number>();
  #computing: Promise<void> = Promise.resolve();
  #isComputing = false;

  constructor(
    { model, wide }: { readonly model: RuntimeModel; readonly wide: RuntimeModel },
    maxBatch: number,
  ) {
    this.#model = model;
    this.#wide = wide;
    this.#maxBatch = maxBatch;
  }

  async add({ id, image, top, isAlone }: ImageOrder): Promise<void> {
    this.#decoding.add(id);
    try {
      const workers = isAlone && image.length <= SMALL ? 0 : undefined;
      const prepared = await this.#model.prepare(image, { workers });
      if (this.#canceled.delete(id)) this.#model.recycle(prepared);
      else this.#ready.push({ id, image: prepared, top, isAlone });
    } catch (error) {
      this.#canceled.delete(id);
      send({ kind: "refused", outcome: { id, error: failure(error) } });
    } finally {
      this.#decoding.delete(id);
    }
    if (!this.#isComputing) this.#computing = this.#compute();
  }

  cancel(id: number): void {
    const at = this.#ready.findIndex((job) => job.id === id);
    if (at >= 0) this.#model.recycle(this.#ready.splice(at, 1)[0]!.image);
    else if (this.#decoding.has(id)) this.#canceled.add(id);
  }

  /** Resolves when nothing is decoded or computed any more. */
  async idle(): Promise<void> {
    while (this.#decoding.size > 0 || this.#ready.length > 0 || this.#isComputing) {
      await this.#computing;
      await setImmediate();
    }
  }

  async #compute(): Promise<void> {
    this.#isComputing = true;
    while (this.#ready.length > 0) {
      await this.#predict(this.#ready.splice(0, this.#maxBatch));
      await setImmediate(); // images that came meanwhile begin to be decoded
    }
    this.#isComputing = false;
  }

  async #predict(jobs: readonly Job[]): Promise<void> {
    const started = performance.now();
    const outcomes = await this.#outcomesOf(jobs);
    send({ kind: "batch", outcomes, seconds: (performance.now() - started) / 1000 });
    for (const { image } of jobs) this.#model.recycle(image);
  }

  async #outcomesOf(jobs: readonly Job[]): Promise<Outcome[]> {
    const top = jobs.reduce((most, job) => Math.max(most, job.top), 1);
    const model = jobs.every(({ isAlone }) => isAlone) ? this.#wide : this.#model;
    try {
      const found = await model.predict(
        jobs.map(({ image }) => image),
        { top, batch: this.#maxBatch },
      );
      return found.map(({ predictions, ...rest }, k) => {
        const { id, top: asked } = jobs[k]!;
        return { id, prediction: { ...rest, predictions: predictions.slice(0, asked) } };
      });
    } catch (error) {
      return jobs.map(({ id }) => ({ id, error: failure(error) }));
    }
  }
}

function send(report: Report): void {
  parentPort?.postMessage(report);
}

function failure(error: unknown): Failure {
  const of = error instanceof DataError || error instanceof UsageError ? "image" : "program";
  return { of, message: error instanceof Error ? error.message : String(error) };
}

async function serve({ file, threads, threadsAlone, maxBatch }: WorkerSettings): Promise<void> {
  const port = parentPort!;
  try {
    const model = await load(file, { threads });
    const wide = threadsAlone === threads ? model : await load(file, { threads: threadsAlone });
    const batches = new Batches({ model, wide }, maxBatch);
    port.on("message", (order: Order) => {
      if (order.kind === "image") void batches.add(order);
      else if (order.kind === "cancel") batches.cancel(order.id);
      else
        void batches.idle().then(async () => {
          await model[Symbol.asyncDispose]();
          await wide[Symbol.asyncDispose]();
          port.close();
        });
    });
    send({ kind: "ready", metadata: model.metadata });
  } catch (error) {
    const of = error instanceof LongtailError ? "model" : "program";
    send({ kind: "failed", error: { of, message: error instanceof Error ? error.message : String(error) } });
  }
}

await serve(workerData as WorkerSettings);
