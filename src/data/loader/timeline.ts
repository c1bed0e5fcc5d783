/** Where the time of images goes, as native/common/timeline.h records it while somebody profiles. */
import { scope } from "../../torch/scope.js";
import { Tensor } from "../../torch/tensor.js";
import { vision } from "../vision.js";

/** In native/common/timeline.h's order. The thread that takes batches waits and normalizes; the others make images. */
const STAGES = ["read", "decode", "transform", "wait", "normalize"] as const;
export type ImageStage = (typeof STAGES)[number];

/** In milliseconds of process.hrtime's clock. */
export interface StageSpan {
  /** 0, 1, … in the order of their first span, the one that takes batches among them. */
  readonly thread: number;
  readonly stage: ImageStage;
  readonly begin: number;
  readonly end: number;
}

/** Records until endTimeline(); of the whole process. */
export function beginTimeline(): void {
  vision().beginTimeline();
}

/** What was recorded; nothing where no recording was begun. */
export function endTimeline(): StageSpan[] {
  using _ = scope();
  const values = new Tensor(vision().endTimeline()).toArray() as Float64Array;
  return Array.from({ length: values.length / 4 }, (_, row) => {
    const [thread, stage, begin, end] = values.subarray(4 * row, 4 * row + 4);
    return { thread: thread!, stage: STAGES[stage!]!, begin: begin!, end: end! };
  });
}
