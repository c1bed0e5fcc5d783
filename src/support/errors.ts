/**
 * Errors that a person can mend. Each message says what was expected, what was found and where; the command
 * line prints the message alone and ends with `exitCode` (1 failed, 2 wrong use).
 *
 * @example
 * try {
 *   await train(recipe, options);
 * } catch (error) {
 *   if (error instanceof LongtailError) console.error(error.message);
 *   else throw error;
 * }
 */
export class LongtailError extends Error {
  readonly exitCode: number = 1;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/**
 * Wrong flags, an unknown recipe, key or device, a value of the wrong type.
 *
 * @example
 * const isOurFault = error instanceof UsageError; // such as train("cifar100", …): unknown recipe
 */
export class UsageError extends LongtailError {
  override readonly exitCode = 2;
}

/**
 * Data that cannot be used. The message names the file and the record.
 *
 * @example
 * if (error instanceof DataError) response.status(400).send(error.message); // such as a broken upload
 */
export class DataError extends LongtailError {}

/**
 * A checkpoint that cannot be read or does not fit the model.
 *
 * @example
 * if (error instanceof CheckpointError) console.error(`${error.message} Train it again.`);
 */
export class CheckpointError extends LongtailError {}

/**
 * A model file that cannot be used: no ONNX, of another program, or with operators that ONNX Runtime lacks.
 *
 * @example
 * if (error instanceof ModelError) console.error(`${error.message} The old model stays in use.`);
 */
export class ModelError extends LongtailError {}

/**
 * The engine (libtorch) is missing, of another version or could not be installed.
 *
 * @example
 * if (error instanceof EngineError) await installEngine();
 */
export class EngineError extends LongtailError {}

/**
 * A download that failed: no network, a login, a full disk, or bytes that are not the published ones.
 *
 * @example
 * if (error instanceof DownloadError) console.error(`${error.message} Offline, name a file of weights instead.`);
 */
export class DownloadError extends LongtailError {}

/**
 * A training that cannot go on, such as one whose loss is no longer a number.
 *
 * @example
 * if (error instanceof TrainingError) console.error(error.message); // names the step and its images
 */
export class TrainingError extends LongtailError {}

/** The `code` of a Node.js system error (`ENOENT`, `ENOSPC`, …), if `error` is one. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** What an error says, as a part of a sentence: without the period that messages of some libraries end with. */
export function clauseOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().replace(/[.]$/, "");
}

/** @throws UsageError unless an option is a whole number from 1. */
export function assertWhole(name: string, value: unknown, min = 1): void {
  if (Number.isSafeInteger(value) && Number(value) >= min) return;
  throw new UsageError(`${name}: expected a whole number >= ${min}, found ${String(value)}.`);
}
