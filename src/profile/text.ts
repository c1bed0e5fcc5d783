import { formatTable } from "../support/table.js";
import { formatBytes } from "../support/units.js";
import { PARTS, STAGES, type Part, type Profile } from "./summary.js";
import { counted } from "../support/text.js";

const NAMES: Record<Part, string> = {
  waiting: "idle: waits for images",
  normalize: "bytes to floats",
  forward: "forward and loss",
  backward: "backward",
  optimizer: "optimizer",
  rest: "rest",
};

/**
 * Formats a profile for people: where a step's time goes, on which threads, and what to change.
 *
 * @example
 * console.log(formatProfile(await profile("caltech20-lt-ncl", { data: "my-photos" })));
 */
export function formatProfile(profile: Profile): string {
  const { recipe, steps, batch, device, threads, workers } = profile;
  const heading =
    `${recipe} on ${device}: ${counted(steps, "step")} of ${counted(batch, "image")}; ` +
    `threads: ${threads} to compute, ${workers} to make images`;
  const step = [stepTable(profile), ...asTrained(profile)].join("\n");
  return [heading, step, producersTable(profile), memory(profile), verdict(profile)].join("\n\n");
}

/** What the training's own step takes, where that is another than the one whose parts were timed. */
function asTrained({ asTrained: trained }: Profile): string[] {
  if (trained === null) return [];
  const { step, imagesPerSecond, notRecorded } = trained;
  const how =
    notRecorded === null ? "recorded as a CUDA graph" : `not recorded as a CUDA graph: ${notRecorded}`;
  return [
    "These parts are of a step that waits for the GPU after each part. The training does not: " +
      `${step.toFixed(1)} ms a step, ${imagesPerSecond.toFixed(1)} images/s (${how}).`,
  ];
}

function stepTable({ step, cpu, parts, imagesPerSecond }: Profile): string {
  const rows = PARTS.map((part) => [NAMES[part], parts[part], share(parts[part], step)]);
  return [
    formatTable(["a training step", "ms", "share"], [...rows, ["together", step, share(step, step)]]),
    `${imagesPerSecond.toFixed(1)} images/s; CPU time of all threads: ${cpu.toFixed(1)} ms a step, ${(cpu / step).toFixed(2)} cores`,
  ].join("\n");
}

function producersTable({ step, workers, producers, perImage }: Profile): string {
  const rows = [...STAGES, "idle" as const].map((stage) => [
    stage,
    producers[stage],
    share(producers[stage], workers * step),
    stage === "idle" || perImage === null ? "" : perImage[stage].toFixed(3),
  ]);
  return formatTable(["threads that make images", "ms a step", "share", "ms an image"], rows);
}

function share(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(1)} %`;
}

function memory({ peakMemory }: Profile): string {
  return `largest resident memory: ${formatBytes(peakMemory)}`;
}

/** What to do about it. */
function verdict({ step, parts, workers, producers }: Profile): string {
  if (parts.waiting < 0.05 * step) return "The training hardly waits for images.";
  if (producers.idle < 0.2 * workers * step)
    return `The training waits for images: more threads for them (data.workers, ${workers} here), data.cache or data.decode=reduced may help.`;
  return "The training waits for images although their threads are not busy all the time: other work may keep the cores from them.";
}
