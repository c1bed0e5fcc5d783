import type { IncomingMessage } from "node:http";
import { DataError } from "../support/errors.js";
import type { Predictions } from "./api.js";
import { Deadline } from "./deadline.js";
import { declaredSize } from "./declared-size.js";
import { type Engine, EngineDown } from "./engine.js";
import type { ServedModel } from "./models.js";
import { type MemoryBudget, readUploads, RequestError, type Upload, type UploadLimits } from "./uploads.js";

/** What a request may ask for, and how long it may take. */
export interface RequestLimits extends UploadLimits {
  /** Pixels of an image, by what its header declares. */
  readonly maxPixels: number;
  /** Images of a model that wait or are computed, of all requests. */
  readonly maxPending: number;
  /** Time for the prediction, in seconds. */
  readonly timeout: number;
}

interface PredictRequest {
  readonly request: IncomingMessage;
  readonly model: ServedModel;
  readonly top: number;
  readonly limits: RequestLimits;
  readonly memory: MemoryBudget;
  /** Receives what became of each image, also of a request whose images are all unreadable. */
  readonly onImages: (images: readonly Answer[]) => void;
}

interface Predicting {
  readonly engine: Engine;
  readonly deadline: Deadline;
}

type Answer = Predictions["images"][number];

/**
 * Answers a request for predictions: reads its images, has them predicted together with those of other requests, and says of
 * each what is on it or why it cannot be read.
 *
 * @throws RequestError for a request that is wrong, too large, or too much at the moment.
 */
export async function predictUploads(asked: PredictRequest): Promise<Predictions> {
  const { request, model, top, limits, memory, onImages } = asked;
  requireRoom(model, limits, 1);
  using share = memory.open();
  const uploads = await readUploads(request, limits, share);
  requireRoom(model, limits, uploads.length);
  const { engine } = model; // one version of the model answers the whole request
  using deadline = new Deadline(limits.timeout);
  const images = await Promise.all(
    uploads.map((upload) => answerFor(upload, { engine, limits, top, deadline })),
  );
  onImages(images);
  const errors = images.flatMap((answer) => ("error" in answer ? [answer.error] : []));
  if (errors.length === images.length) throw new RequestError(422, errors.join("\n"));
  return { model: model.source.name, calibrated: engine.metadata.temperature !== null, images };
}

/** Refuses images that would wait too long, with the time after which there is room. */
function requireRoom({ engine, source }: ServedModel, { maxPending }: RequestLimits, images: number): void {
  const { pending } = engine;
  if (pending + images <= maxPending) return;
  throw new RequestError(
    429,
    `${source.name}: ${pending} images wait already, expected at most ${maxPending} with those of this request; try again later.`,
    { retryAfter: Math.max(1, Math.ceil(pending * engine.secondsPerImage)) },
  );
}

async function answerFor(
  { name, image }: Upload,
  { engine, limits, top, deadline }: Pick<PredictRequest, "limits" | "top"> & Predicting,
): Promise<Answer> {
  try {
    assertPixels(image, limits);
    const { predictions } = await engine.predict(image, { top, deadline });
    return { name, predictions: [...predictions] };
  } catch (error) {
    if (error instanceof DataError) return { name, error: error.message.replace(/^image 0: /, "") };
    if (deadline.isOver)
      throw new RequestError(503, `expected an answer within ${limits.timeout} s; try again later.`, {
        retryAfter: Math.ceil(limits.timeout),
      });
    if (error instanceof EngineDown) throw new RequestError(503, `${error.message}.`, { retryAfter: 1 });
    throw error;
  }
}

/** @throws DataError for an image whose header declares more pixels than allowed: a small file may be a huge picture. */
function assertPixels(image: Uint8Array, { maxPixels }: RequestLimits): void {
  const size = declaredSize(image);
  if (size === null || size.width * size.height <= maxPixels) return;
  throw new DataError(
    `expected at most ${maxPixels} pixels, found ${size.width * size.height} (${size.width} x ${size.height}); send a smaller image.`,
  );
}
