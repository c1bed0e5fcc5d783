/** What the conversions to image files have in common on the command line. */
import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { ConvertedImages } from "../../../dataset-tools/convert/converted-images.js";
import { onInterrupt } from "../../exit.js";
import { wholeNumber } from "../../options.js";
import { output } from "../../output.js";
import { progressDisplay, type Progress } from "../../progress.js";
import { maxOf, minOf } from "../../../support/math.js";
import { counted } from "../../../support/text.js";

/** Runs a conversion that reports its progress; an interruption ends it at the next report, and nothing is written. */
export async function whileShowing<T>(work: (show: (progress: Progress) => void) => Promise<T>): Promise<T> {
  using interruption = onInterrupt("ending; nothing is written");
  using progress = progressDisplay(process.stderr);
  return await work((state) => {
    if (interruption.signal.aborted) throw interruption.error("interrupted");
    progress.show(state);
  });
}

export function say(converted: ConvertedImages, options: { readonly json: boolean }): void {
  const { images, counts, folder, annotations } = converted;
  const empty = counts.filter((count) => count === 0).length;
  const classes = `${counted(counts.length, "class", "classes")} of ${minOf(counts)} to ${counted(maxOf(counts), "image")}`;
  const to = output(options);
  to.say(`${counted(images, "image")}, ${classes}\n  ${folder}\n  ${annotations}`);
  if (empty > 0) to.say(`warning: ${counted(empty, "class has", "classes have")} no images`);
  to.value(converted);
}

export function qualityOption(): Option<"--quality <n>", undefined, 95, undefined, false, number> {
  return new Option("--quality <n>", "of JPEG, 1 to 100; NCL's PyTorch code used 95")
    .argParser(quality)
    .default(95);
}

function quality(text: string): number {
  const value = wholeNumber(1)(text);
  if (value <= 100) return value;
  throw new InvalidArgumentError("Expected a whole number from 1 to 100.");
}
