/** Errors of the engine, each a class of its own so that callers can distinguish them. */
import { LongtailError } from "../support/errors.js";

/** libtorch refused an operation: its first line, led by the operator's name. */
export class TorchError extends LongtailError {}

/** A tensor was used after its scope had ended. */
export class FreedTensorError extends LongtailError {}

/** The addon failed outside libtorch. */
export class NativeError extends LongtailError {}

/** A shape that an operation cannot take. */
export class ShapeError extends LongtailError {
  constructor(
    readonly operation: string,
    { expected, received }: { expected: string; received: readonly number[] },
  ) {
    super(`${operation}: expected ${expected}, received [${received.join(", ")}]`);
  }
}
