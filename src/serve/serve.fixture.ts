import { Agent, request } from "node:http";
import { setTimeout } from "node:timers/promises";
import { crc32, deflateSync } from "node:zlib";
import type { ImagePrediction } from "../inference/predict.js";
import type { ModelMetadata } from "../onnx/metadata.js";
import { DataError, systemCode } from "../support/errors.js";
import type { Engine, PredictOptions } from "./engine.js";
import { type ModelServer, serveModels, type ServeOptions } from "./serve.js";

/** What a model of three classes says of itself. */
const metadata: ModelMetadata = {
  version: 1,
  classes: ["ant", "bee", "cat"],
  trainImages: [24, 12, 6],
  groups: ["many", "medium", "few"],
  input: "tensor",
  preprocessing: { transforms: [], imageSize: 16, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] },
  precision: "float32",
  temperature: { kind: "global", temperature: 1.2 },
  prior: null,
  logitPrior: "the training images'",
  recipe: { name: "toy", hash: "0", backbone: "resnet8", classifier: "linear", method: "ncl", experts: 2 },
  weights: null,
  accuracy: { images: 12, all: 75, many: 100, medium: 75, few: 50 },
};

/** A model without a network: its most probable class is that of the image's first byte; "bad" is no image. */
export class ToyEngine implements Engine {
  readonly metadata = metadata;
  readonly secondsPerImage = 0.5;
  isUp = true;
  pending = 0;
  closed = false;
  /** Number of images that came. */
  received = 0;
  /** Time that an image takes, and what it waits for besides. */
  readonly #ms: number;
  readonly #gate: Promise<void>;
  readonly #shift: number;

  constructor({ ms = 0, shift = 0, gate = Promise.resolve() } = {}) {
    this.#ms = ms;
    this.#shift = shift;
    this.#gate = gate;
  }

  async predict(image: Uint8Array, { top, deadline }: PredictOptions): Promise<ImagePrediction> {
    this.pending += 1;
    this.received += 1;
    try {
      await this.#gate;
      const over = new Promise((_, reject) => deadline.onOver(() => reject(new Error("too late"))));
      await Promise.race([setTimeout(this.#ms), over]);
      if (Buffer.from(image).toString().startsWith("bad")) throw new DataError("image 0: expected an image");
      const first = ((image[0] ?? 0) + this.#shift) % 3;
      const order = [first, (first + 1) % 3, (first + 2) % 3].slice(0, top);
      const probabilities = [0.7, 0.2, 0.1];
      return {
        image: null,
        calibrated: true,
        predictions: order.map((index, rank) => ({
          class: metadata.classes[index]!,
          index,
          probability: probabilities[rank]!,
        })),
      };
    } finally {
      this.pending -= 1;
    }
  }

  close(): Promise<void> {
    this.closed = true;
    return Promise.resolve();
  }
}

const files = new Map([["/", { body: new TextEncoder().encode("the page"), type: "text/html" }]]);

/** A server of toy models at a free port. */
export async function serveToys(
  options: Partial<ServeOptions> = {},
): Promise<ModelServer & { readonly base: string }> {
  const server = await serveModels({
    host: "127.0.0.1",
    port: 0,
    models: [toySource("toy")],
    limits: { maxBytes: 10_000, maxImages: 8, maxPixels: 1e6, maxPending: 16, timeout: 5 },
    maxUploadBytes: 100_000,
    uploadTimeout: 5,
    onNews: () => undefined,
    onError: (error) => {
      throw error;
    },
    files,
    open: () => Promise.resolve(new ToyEngine()),
    ...options,
  });
  return { ...server, base: new URL(".", server.address).href.replace(/\/$/, "") };
}

export function toySource(name: string, path = import.meta.filename): ServeOptions["models"][number] {
  return { name, path, watched: path, file: () => Promise.resolve(path) };
}

/**
 * Clients that ask for predictions one after the other, each over a connection that stays open, until one is not answered with 200.
 * Resolves with all outcomes: statuses, and codes of errors.
 */
export async function askUntilRefused(
  address: string,
  { clients, image }: { readonly clients: number; readonly image: Uint8Array },
): Promise<string[]> {
  const agent = new Agent({ keepAlive: true });
  const outcomes: string[] = [];
  const ask = (): Promise<string> =>
    new Promise((resolve) => {
      const headers = { "Content-Type": "image/png" };
      const sent = request(address, { method: "POST", headers, agent });
      const fail = (error: Error): void => resolve(systemCode(error) ?? error.message);
      sent.on("error", fail);
      sent.on("response", (response) => {
        response.on("error", fail).on("end", () => resolve(String(response.statusCode)));
        response.resume();
      });
      sent.end(image);
    });
  const client = async (): Promise<void> => {
    for (;;) {
      const outcome = await ask();
      outcomes.push(outcome);
      if (outcome !== "200") return;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return outcomes;
}

/** A PNG file of a few bytes whose header declares a picture of any size. */
export function pngHeader(width: number, height: number): Uint8Array<ArrayBuffer> {
  const chunk = (type: string, data: Uint8Array): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, sum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return new Uint8Array(
    Buffer.concat([
      signature,
      chunk("IHDR", header),
      chunk("IDAT", deflateSync("")),
      chunk("IEND", Buffer.alloc(0)),
    ]),
  );
}
