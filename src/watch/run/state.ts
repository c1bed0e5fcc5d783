import type { RunState } from "../runs.js";
import type { Holder } from "./holder.js";
import type { Overview } from "./overview.js";

const SHORTEST_PATIENCE = 60_000; // milliseconds
/** So many times its longest silence so far is more than an evaluation or a checkpoint. */
const PATIENCE = 3;

/** @param heard when it was last heard of, by this machine's clock; null: never */
export function judgeState(
  { end, message, longestGap }: Pick<Overview, "end" | "message" | "longestGap">,
  { holder, heard, now }: { holder: Holder; heard: number | null; now: number },
): { state: RunState; message: string | null } {
  if (end !== null) return { state: end, message };
  if (holder.kind === "here") return { state: "running", message: null };
  if (holder.kind === "gone")
    return { state: "interrupted", message: "its process ended without a word; train --resume goes on" };
  const patience = Math.max(SHORTEST_PATIENCE, PATIENCE * longestGap);
  return { state: heard !== null && now - heard <= patience ? "running" : "silent", message: null };
}
