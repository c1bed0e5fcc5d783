import type { IncomingMessage } from "node:http";
import { setTimeout } from "node:timers/promises";
import { Busboy, type BusboyInstance } from "@fastify/busboy";
import { systemCode } from "../support/errors.js";
import { formatBytes } from "../support/units.js";

/** What requests may hold. */
export interface UploadLimits {
  /** Bytes of a request's body. */
  readonly maxBytes: number;
  /** Images of a request. */
  readonly maxImages: number;
}

/** An image as it came, and its file's name where the request says one. */
export interface Upload {
  readonly name: string | null;
  readonly image: Uint8Array;
}

export type ErrorStatus = 400 | 401 | 403 | 404 | 408 | 413 | 415 | 422 | 429 | 503;

/** A request that cannot be answered as it is: the status, and a sentence about what was expected and found. */
export class RequestError extends Error {
  readonly status: ErrorStatus;
  /** Seconds after which the same request may succeed. */
  readonly retryAfter: number | undefined;

  constructor(status: ErrorStatus, message: string, { retryAfter }: { readonly retryAfter?: number } = {}) {
    super(message);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/** Bytes that requests hold in memory together. */
export class MemoryBudget {
  readonly #max: number;
  #used = 0;

  constructor(maxBytes: number) {
    this.#max = maxBytes;
  }

  get used(): number {
    return this.#used;
  }

  /** A part of the budget, which is given back when disposed of. */
  open(): MemoryShare {
    let taken = 0;
    return {
      take: (bytes) => {
        if (this.#used + bytes > this.#max)
          throw new RequestError(
            429,
            `too many uploads at once: they hold ${formatBytes(this.#used)} of ${formatBytes(this.#max)}; try again later.`,
            { retryAfter: 1 },
          );
        taken += bytes;
        this.#used += bytes;
      },
      [Symbol.dispose]: () => {
        this.#used -= taken;
        taken = 0;
      },
    };
  }
}

export interface MemoryShare extends Disposable {
  /** @throws RequestError when all requests together hold too much. */
  take(bytes: number): void;
}

/**
 * Reads a request's images: a body of image/* or application/octet-stream is one, multipart/form-data has one in each file.
 * @throws RequestError for another content type, an empty body, more bytes or images than allowed, a damaged body.
 */
export async function readUploads(
  request: IncomingMessage,
  limits: UploadLimits,
  memory: MemoryShare,
): Promise<readonly Upload[]> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > limits.maxBytes) throw tooLarge(limits, formatBytes(declared));
  const type = (request.headers["content-type"] ?? "").split(";")[0]!.trim().toLowerCase();
  const body = counted(request, limits, memory);
  if (type === "multipart/form-data") return multipart(request, body, limits);
  if (type.startsWith("image/") || type === "application/octet-stream") return [await single(body)];
  throw new RequestError(
    415,
    `content type: expected image/* or application/octet-stream for one image or multipart/form-data for several, found ` +
      `${type === "" ? "none" : type}; with curl: -H 'Content-Type: image/jpeg' --data-binary @photo.jpg, or -F image=@photo.jpg.`,
  );
}

async function* counted(
  request: IncomingMessage,
  limits: UploadLimits,
  memory: MemoryShare,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of received(request)) {
    bytes += chunk.length;
    if (bytes > limits.maxBytes) throw tooLarge(limits, "more");
    memory.take(chunk.length);
    yield chunk;
  }
}

/**
 * The body's bytes as they come.
 *
 * @throws RequestError for a connection that ended before the body, with the status that Node.js has answered, if anybody listens.
 */
async function* received(request: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    // Not destroyed when the reading ends early: the answer goes over the same connection.
    yield* request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  } catch {
    throw systemCode(request.socket.errored) === "ERR_HTTP_REQUEST_TIMEOUT"
      ? new RequestError(408, "body: expected it within the time for uploads.")
      : new RequestError(400, "body: expected all of it, found a connection that ended.");
  }
}

async function single(body: AsyncIterable<Uint8Array>): Promise<Upload> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  if (chunks.length === 0) throw new RequestError(400, "body: expected an image, found no bytes.");
  return { name: null, image: Buffer.concat(chunks) };
}

async function multipart(
  request: IncomingMessage,
  body: AsyncIterable<Uint8Array>,
  limits: UploadLimits,
): Promise<readonly Upload[]> {
  const uploads: Upload[] = [];
  const form = new FormReader(request, limits, uploads);
  for await (const chunk of body) await form.write(chunk);
  await form.end();
  if (uploads.length === 0)
    throw new RequestError(
      400,
      "form: expected an image in at least one file (-F image=@photo.jpg), found none.",
    );
  return uploads;
}

/** Busboy, fed by hand so that the first fault ends the reading. */
class FormReader {
  readonly #parser: BusboyInstance;
  readonly #ended: Promise<void>;
  #fault: RequestError | undefined;

  constructor({ headers }: IncomingMessage, { maxBytes, maxImages }: UploadLimits, uploads: Upload[]) {
    const tooMany = (): void => {
      this.#fault ??= new RequestError(413, `form: expected at most ${maxImages} parts, found more.`);
    };
    try {
      this.#parser = new Busboy({
        headers: headers as { "content-type": string },
        limits: { parts: maxImages, files: maxImages, fieldSize: 1024 },
        fileHwm: maxBytes + 1, // never full: Busboy waits forever for room in a part that it skips itself
      });
    } catch (error) {
      throw new RequestError(400, `form: ${(error as Error).message}.`);
    }
    this.#parser.on("partsLimit", tooMany).on("filesLimit", tooMany);
    this.#parser.on("file", (_field, stream, name) => {
      const chunks: Uint8Array[] = [];
      stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      stream.on("error", () => undefined); // the parser reports it as well
      stream.on("end", () => uploads.push({ name: name || null, image: Buffer.concat(chunks) }));
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#parser.once("finish", resolve);
      this.#parser.once("error", (error) =>
        reject(new RequestError(400, `form: expected whole parts, ${(error as Error).message}.`)),
      );
    });
    this.#ended.catch(() => undefined);
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (!this.#parser.write(chunk))
      await Promise.race([new Promise((resolve) => this.#parser.once("drain", resolve)), this.#ended]);
    if (this.#fault !== undefined) throw this.#fault;
  }

  async end(): Promise<void> {
    this.#parser.end();
    await this.#ended;
    if (this.#fault !== undefined) throw this.#fault;
  }
}

/** Time that the rest of a refused body is waited for. */
const LINGER_MS = 5000;

/**
 * Reads what is left of a refused request's body and throws it away, since a client that is still sending when the connection
 * closes loses the answer. Returns whether the body has ended; if not, the connection must not be used again.
 */
export async function discardBody(request: IncomingMessage): Promise<boolean> {
  if (request.readableEnded || request.destroyed) return request.complete;
  const ended = new Promise((resolve) => request.once("end", resolve).once("close", resolve));
  request.resume();
  await Promise.race([ended, setTimeout(LINGER_MS, undefined, { ref: false })]);
  return request.complete;
}

function tooLarge({ maxBytes }: UploadLimits, found: string): RequestError {
  return new RequestError(413, `body: expected at most ${formatBytes(maxBytes)}, found ${found}.`);
}
