import { CheckpointError } from "../support/errors.js";
import type { Tensor } from "./tensor.js";

interface MatchOptions {
  /** What the state is of, for errors: "state dictionary". */
  readonly what: string;
  /** Whether names of which there is no own tensor are an error. */
  readonly exact?: boolean;
}

/**
 * Each own tensor with the saved one of the same name.
 * @throws CheckpointError that names the first tensor that is missing, has another shape or is not expected.
 */
export function matchState(
  own: ReadonlyMap<string, Tensor>,
  saved: ReadonlyMap<string, Tensor>,
  { what, exact = false }: MatchOptions,
): (readonly [own: Tensor, saved: Tensor])[] {
  const pairs = Array.from(own, ([name, tensor]) => {
    const found = saved.get(name);
    if (found?.shape.join() === tensor.shape.join()) return [tensor, found] as const;
    const shape = found === undefined ? "no such tensor" : `[${found.shape.join(", ")}]`;
    throw new CheckpointError(
      `${what}: "${name}": expected shape [${tensor.shape.join(", ")}], found ${shape}`,
    );
  });
  const extra = exact ? [...saved.keys()].find((name) => !own.has(name)) : undefined;
  if (extra === undefined) return pairs;
  throw new CheckpointError(`${what}: "${extra}": expected no such tensor, found one`);
}
