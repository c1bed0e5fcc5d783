import { Worker } from "node:worker_threads";
import type { ImagePrediction } from "../inference/predict.js";
import type { ModelMetadata } from "../onnx/metadata.js";
import { withoutTelemetry } from "../runtime/onnx-runtime.js";
import { DataError, LongtailError, ModelError } from "../support/errors.js";
import type { Deadline } from "./deadline.js";

/** An image for a worker thread. */
export interface ImageOrder {
  readonly kind: "image";
  readonly id: number;
  readonly image: Uint8Array;
  readonly top: number;
  /** Whether no other image waited when it came. */
  readonly isAlone: boolean;
}

/** What a worker thread is sent. */
export type Order =
  ImageOrder | { readonly kind: "cancel"; readonly id: number } | { readonly kind: "close" };

/** What a worker thread sends. */
export type Report =
  | { readonly kind: "ready"; readonly metadata: ModelMetadata }
  | { readonly kind: "batch"; readonly outcomes: readonly Outcome[]; readonly seconds: number }
  | { readonly kind: "refused"; readonly outcome: Outcome }
  | { readonly kind: "failed"; readonly error: Failure };

/** What became of an image. */
export type Outcome = { readonly id: number } & (
  { readonly prediction: ImagePrediction } | { readonly error: Failure }
);

/** An error on its way between threads. */
export interface Failure {
  /** Whether the image or the model's file is at fault, and not the program. */
  readonly of: "image" | "model" | "program";
  readonly message: string;
}

/** What a worker thread starts with. */
export interface WorkerSettings {
  readonly file: string;
  readonly threads: number;
  readonly threadsAlone: number;
  readonly maxBatch: number;
}

export interface EngineOptions {
  /** Number of worker threads, each with the model in memory. */
  readonly workers: number;
  /** Threads that the operators of each use. */
  readonly threads: number;
  /**
   * Threads for an image that no other waits with. Where they are more than `threads`, one worker has the model in memory a second
   * time.
   */
  readonly threadsAlone: number;
  /** Images that are computed at once, at most. */
  readonly maxBatch: number;
  /** Receives the size and the time of every batch. */
  readonly onBatch?: (batch: { readonly images: number; readonly seconds: number }) => void;
  /** Receives why a thread ended that nobody had asked to, or why it cannot be started again. */
  readonly onFault?: (error: Error) => void;
}

/** Of one image. */
export interface PredictOptions {
  /** Number of classes. */
  readonly top: number;
  readonly deadline: Deadline;
}

/** A model in memory that predicts images, several at a time. */
export interface Engine {
  readonly metadata: ModelMetadata;
  /** Whether a thread takes images. */
  readonly isUp: boolean;
  /** Images that wait or are being computed. */
  readonly pending: number;
  /** Time between two answers under load, as it was lately. */
  readonly secondsPerImage: number;
  /** @throws DataError for an image that cannot be read; LongtailError when the deadline is over; EngineDown. */
  predict(image: Uint8Array, options: PredictOptions): Promise<ImagePrediction>;
  /** Ends the threads once nothing is pending. */
  close(): Promise<void>;
}

/** No answer since the thread has ended; it is started again. */
export class EngineDown extends LongtailError {
  constructor() {
    super("the thread that predicts has ended and is started again; send the image again");
  }
}

const TOO_LATE = "the time for the prediction is over";
/** Time between two attempts to start a thread that cannot load its model any more. */
const RETRY_MS = 2000;

/** Batches over which a thread's speed is averaged. */
const MEMORY = 8;

interface Pending {
  readonly resolve: (prediction: ImagePrediction) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Loads an ONNX file in worker threads, since a network blocks the thread that it computes on. Each thread takes all
 * images that are ready, up to `maxBatch`, as its next batch: under load batches grow by themselves, and a lone image
 * waits for nobody.
 *
 * @throws ModelError for a file that is no model.
 */
export async function openEngine(file: string, options: EngineOptions): Promise<Engine> {
  const { workers, threads, threadsAlone, maxBatch } = options;
  withoutTelemetry();
  const started = Array.from(
    { length: workers },
    (_, k) =>
      new EngineThread({ file, threads, threadsAlone: k === 0 ? threadsAlone : threads, maxBatch }, options),
  );
  try {
    const [metadata] = await Promise.all(started.map(({ ready }) => ready));
    return new ThreadedEngine(metadata!, started);
  } catch (error) {
    await Promise.all(started.map((thread) => thread.close()));
    throw error;
  }
}

class ThreadedEngine implements Engine {
  readonly metadata: ModelMetadata;
  readonly #threads: readonly EngineThread[];

  constructor(metadata: ModelMetadata, threads: readonly EngineThread[]) {
    this.metadata = metadata;
    this.#threads = threads;
  }

  get isUp(): boolean {
    return this.#threads.some(({ isUp }) => isUp);
  }

  get pending(): number {
    return this.#threads.reduce((sum, { pending }) => sum + pending, 0);
  }

  get secondsPerImage(): number {
    return this.#threads.reduce((sum, thread) => sum + thread.secondsPerImage, 0) / this.#threads.length ** 2;
  }

  predict(image: Uint8Array, options: PredictOptions): Promise<ImagePrediction> {
    const isAlone = this.pending === 0; // then the first thread is the idlest
    const idlest = this.#threads.reduce((best, thread) => (thread.load < best.load ? thread : best));
    return idlest.predict(image, { ...options, isAlone });
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

interface ThreadOptions extends PredictOptions {
  readonly isAlone: boolean;
}

interface RunningWorker {
  readonly worker: Worker;
  /** Resolves when the thread has ended. */
  readonly ended: Promise<void>;
  readonly ready: Promise<ModelMetadata>;
}

type Listeners = Pick<EngineOptions, "onBatch" | "onFault">;

/** One worker thread; a thread that ends of itself is replaced. */
class EngineThread {
  readonly #settings: WorkerSettings;
  readonly #listeners: Listeners;
  readonly #pending = new Map<number, Pending>();
  #running: RunningWorker;
  #nextId = 0;
  #isClosing = false;
  #isUp = false;
  #hasWorked = false;
  /** What was said last; the same fault is said once, however often it is tried again. */
  #fault: string | undefined;
  #secondsPerImage = 0;

  constructor(settings: WorkerSettings, listeners: Listeners) {
    this.#settings = settings;
    this.#listeners = listeners;
    this.#running = this.#start();
  }

  /** Whether it has loaded its model and waits for images. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** What the model says of itself, once it is loaded. */
  get ready(): Promise<ModelMetadata> {
    return this.#running.ready;
  }

  get pending(): number {
    return this.#pending.size;
  }

  /** Time of the network for an image, as it was lately. */
  get secondsPerImage(): number {
    return this.#secondsPerImage;
  }

  /** What an image would wait for: images, or forever where the thread has ended. */
  get load(): number {
    return this.#isUp ? this.pending : Number.POSITIVE_INFINITY;
  }

  async predict(image: Uint8Array, { top, deadline, isAlone }: ThreadOptions): Promise<ImagePrediction> {
    if (deadline.isOver) throw new LongtailError(TOO_LATE);
    if (!this.#isUp) throw new EngineDown();
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      deadline.onOver(() => {
        if (!this.#pending.delete(id)) return;
        this.#send({ kind: "cancel", id });
        reject(new LongtailError(TOO_LATE));
      });
      this.#send({ kind: "image", id, image, top, isAlone });
    });
  }

  /**
   * Ends the thread after what is pending, one that still loads once it has. It is never terminated: ONNX Runtime, interrupted,
   * ends the whole process.
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    this.#send({ kind: "close" });
    await this.#running.ended;
  }

  #send(order: Order): void {
    this.#running.worker.postMessage(order);
  }

  #start(): RunningWorker {
    const worker = new Worker(new URL("./engine-worker.js", import.meta.url), { workerData: this.#settings });
    const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    const ready = new Promise<ModelMetadata>((resolve, reject) => {
      worker.on("message", (report: Report) => {
        if (report.kind === "ready") {
          this.#isUp = this.#hasWorked = true;
          this.#fault = undefined;
          resolve(report.metadata);
        } else if (report.kind === "failed") reject(errorOf(report.error));
        else this.#receive(report);
      });
      worker.on("error", (error) => {
        reject(error);
        this.#tell(error);
      });
      worker.once("exit", (code) => {
        reject(
          new LongtailError(`${this.#settings.file}: the thread that loads it ended (exit code ${code})`),
        );
        this.#replace();
      });
    });
    ready.catch((error: unknown) => this.#tell(error as Error)); // which it was rejected with
    return { worker, ended, ready };
  }

  /** Says what is wrong with a thread that has worked: whoever opens the engine awaits those that have not. */
  #tell(error: Error): void {
    if (!this.#hasWorked || this.#isClosing || this.#fault === error.message) return;
    this.#fault = error.message;
    this.#listeners.onFault?.(error);
  }

  #receive(report: Exclude<Report, { kind: "ready" | "failed" }>): void {
    if (report.kind === "refused") {
      this.#settle(report.outcome);
      return;
    }
    const { outcomes, seconds } = report;
    for (const outcome of outcomes) this.#settle(outcome);
    this.#secondsPerImage += (seconds / outcomes.length - this.#secondsPerImage) / MEMORY;
    this.#listeners.onBatch?.({ images: outcomes.length, seconds });
  }

  #settle(outcome: Outcome): void {
    const found = this.#pending.get(outcome.id);
    this.#pending.delete(outcome.id);
    if ("prediction" in outcome) found?.resolve(outcome.prediction);
    else found?.reject(errorOf(outcome.error));
  }

  /** Starts a thread in the place of one that has worked; where that one could not load its model either, after a while. */
  #replace(): void {
    const wasUp = this.#isUp;
    this.#isUp = false;
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of lost) reject(new EngineDown());
    if (!this.#hasWorked || this.#isClosing) return;
    const start = (): void => {
      if (!this.#isClosing) this.#running = this.#start();
    };
    if (wasUp) start();
    else setTimeout(start, RETRY_MS).unref();
  }
}

function errorOf({ of, message }: Failure): Error {
  if (of === "image") return new DataError(message);
  return of === "model" ? new ModelError(message) : new LongtailError(message);
}
