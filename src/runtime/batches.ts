import type { ModelMetadata } from "../onnx/metadata.js";
import { UsageError } from "../support/errors.js";
import type { BufferPool } from "./memory.js";
import type { NetworkInput } from "./onnx-runtime.js";
import type { PreparedImage } from "./types.js";

/**
 * Results of the work on each item. The work on the next item begins before the result of one is used, and its error is thrown
 * when it is reached.
 *
 * @throws the signal's reason.
 */
export async function* prefetched<Item, Result>(
  items: AsyncGenerator<Item>,
  work: (item: Item) => Promise<Result>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Result, void, undefined> {
  const next = async (): Promise<{ readonly result: Result } | null> => {
    const item = await items.next();
    return item.done === true ? null : { result: await work(item.value) };
  };
  const begin = (): ReturnType<typeof next> => {
    const coming = next();
    coming.catch(() => undefined); // its error is thrown when it is reached, unless the signal's reason comes first
    return coming;
  };
  try {
    for (let coming = begin(); ;) {
      const found = await unlessAborted(coming, signal);
      if (found === null) return;
      coming = begin();
      yield found.result;
    }
  } finally {
    void items.return(undefined); // not awaited: an item may be on its way for long
  }
}

/** The work's result, or the signal's reason as soon as it is aborted. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  signal.throwIfAborted();
  const { promise, reject } = withResolvers<never>();
  const abort = (): void => {
    reject(signal.reason);
  };
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function withResolvers<T>(): { promise: Promise<T>; reject: (reason: unknown) => void } {
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<T>((_resolve, rejectPromise) => {
    reject = rejectPromise;
  });
  return { promise, reject };
}

/**
 * Checks that an image was prepared as the model takes it, by this model and not by another one.
 *
 * @throws UsageError for one that was not.
 */
export function assertPrepared(
  { data, shape }: PreparedImage,
  { input, preprocessing }: Pick<ModelMetadata, "input" | "preprocessing">,
): void {
  const { imageSize: side } = preprocessing;
  const [Values, kind, wanted] =
    input === "tensor"
      ? [Float32Array, "float32", [3, side, side]]
      : [Uint8Array, "uint8", [...shape.slice(0, 2), 3]];
  const length = shape.reduce((product, axis) => product * axis, 1);
  if (data instanceof Values && data.length === length && shape.join() === wanted.join()) return;
  const { length: values, constructor } = (data as typeof data | undefined) ?? [];
  const found = `${constructor.name} of ${values} values, shape [${shape.join(", ")}]`;
  throw new UsageError(
    `a prepared image: expected ${kind} [${wanted.join(", ")}], as the model that predicts it prepares it, found ${found}.`,
  );
}

/** Neighbors of one size, which make a batch. */
export function bySize(images: readonly PreparedImage[]): PreparedImage[][] {
  const groups: PreparedImage[][] = [];
  for (const image of images) {
    const last = groups.at(-1);
    if (last?.[0]?.shape.join() === image.shape.join()) last.push(image);
    else groups.push([image]);
  }
  return groups;
}

/** Images of one size as one input: their own memory where that is in one piece, a copy otherwise. */
export interface Stack extends Disposable {
  readonly input: NetworkInput;
}

export function stacked(images: readonly PreparedImage[], pool: BufferPool): Stack {
  const [{ data: first, shape: axes }] = images as readonly [PreparedImage];
  const shape = [images.length, ...axes];
  const length = images.length * first.length;
  if (isInOnePiece(images)) {
    const { buffer, byteOffset } = first;
    const data =
      first instanceof Float32Array
        ? new Float32Array(buffer, byteOffset, length)
        : new Uint8Array(buffer, byteOffset, length);
    return { input: { data, shape }, [Symbol.dispose]: () => undefined };
  }
  const data = first instanceof Float32Array ? pool.take(length) : new Uint8Array(length);
  images.forEach((image, n) => {
    data.set(image.data, n * first.length);
  });
  return {
    input: { data, shape },
    [Symbol.dispose]: () => {
      if (data instanceof Float32Array) pool.give(data);
    },
  };
}

function isInOnePiece(images: readonly PreparedImage[]): boolean {
  const [{ data: first }] = images as readonly [PreparedImage];
  return images.every(
    ({ data }, n) =>
      data.buffer === first.buffer && data.byteOffset === first.byteOffset + n * first.byteLength,
  );
}
