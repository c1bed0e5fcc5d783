// What `using` is in TypeScript: Node 20 does not know the declaration.
import { scope } from "../../dist/torch/scope.js";

export function disposing(resource, work) {
  try {
    return work();
  } finally {
    resource[Symbol.dispose]();
  }
}

/** Frees the tensors that `work` makes, but those that it keeps. */
export const scoped = (work) => disposing(scope(), work);
