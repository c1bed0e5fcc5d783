import type { EvaluationResult } from "../../evaluation/accuracy.js";
import type { Meter } from "../../evaluation/meter.js";

/** Something that `evaluate` finds out besides, in the same pass over the images. */
export interface Addition {
  readonly meters: readonly Meter[];
  /** What was found: text for people, and keys of the result for machines. */
  finish(result: EvaluationResult): {
    readonly text: string;
    readonly json: Readonly<Record<string, unknown>>;
  };
}
