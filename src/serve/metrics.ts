import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { longtailVersion } from "../runs/versions.js";

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const BATCHES = [1, 2, 4, 8, 16, 32, 64];

/** What the server measures of itself, in Prometheus's text format. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Counter<"model" | "status">;
  readonly #images: Counter<"model" | "result">;
  readonly #seconds: Histogram<"model">;
  readonly #batches: Histogram;
  readonly #batchSeconds: Histogram;
  readonly #loads: Counter<"model" | "result">;

  constructor(pending: () => ReadonlyMap<string, number>) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Counter({
      name: "longtail_requests_total",
      help: "Requests for predictions, by model and HTTP status.",
      labelNames: ["model", "status"],
      registers,
    });
    this.#images = new Counter({
      name: "longtail_images_total",
      help: "Images of answered requests: predicted, or refused as unreadable.",
      labelNames: ["model", "result"],
      registers,
    });
    this.#seconds = new Histogram({
      name: "longtail_request_seconds",
      help: "Time from a request's headers to its answer.",
      labelNames: ["model"],
      buckets: SECONDS,
      registers,
    });
    this.#batches = new Histogram({
      name: "longtail_batch_images",
      help: "Images that were computed at once.",
      buckets: BATCHES,
      registers,
    });
    this.#batchSeconds = new Histogram({
      name: "longtail_batch_seconds",
      help: "Time of the network for a batch.",
      buckets: SECONDS,
      registers,
    });
    this.#loads = new Counter({
      name: "longtail_model_loads_total",
      help: "Times that a model's file was loaded, or was refused and the model in memory kept.",
      labelNames: ["model", "result"],
      registers,
    });
    new Gauge({
      name: "longtail_pending_images",
      help: "Images that wait or are being computed.",
      labelNames: ["model"],
      registers,
      collect() {
        for (const [model, images] of pending()) this.set({ model }, images);
      },
    });
    new Gauge({
      name: "longtail_info",
      help: "Version of longtail.",
      labelNames: ["version"],
      registers,
    }).set({ version: longtailVersion() }, 1);
  }

  request(model: string, { status, seconds }: { readonly status: number; readonly seconds: number }): void {
    this.#requests.inc({ model, status: String(status) });
    this.#seconds.observe({ model }, seconds);
  }

  images(model: string, answers: readonly object[]): void {
    const refused = answers.filter((answer) => "error" in answer).length;
    this.#images.inc({ model, result: "predicted" }, answers.length - refused);
    this.#images.inc({ model, result: "refused" }, refused);
  }

  batch({ images, seconds }: { readonly images: number; readonly seconds: number }): void {
    this.#batches.observe(images);
    this.#batchSeconds.observe(seconds);
  }

  load(model: string, result: "loaded" | "kept"): void {
    this.#loads.inc({ model, result });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
