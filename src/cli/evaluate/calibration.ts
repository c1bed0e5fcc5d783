import type { Temperature } from "../../evaluation/analysis.js";
import { EnsembleCalibration } from "../../evaluation/analysis/ensemble-calibration.js";
import { calibrationTable, describeTemperature } from "../../evaluation/calibration-table.js";
import { groupOf } from "../../data/groups.js";
import { transformed } from "../../evaluation/meter.js";
import { scaleLogits } from "../../evaluation/temperature/scale.js";
import type { OnImages } from "../../training/evaluate.js";
import { calibrate } from "../../inference/calibrate.js";
import { saveCalibration } from "../../runs/calibration-file.js";
import { accuracyOptions, type Trained } from "../../inference/trained.js";
import type { Addition } from "./addition.js";
import { adjustment, type Target } from "./prior.js";

interface CalibrationOptions {
  readonly kind: Temperature["kind"];
  readonly root: string | undefined;
  /** What logits are adjusted to besides, before and after. */
  readonly target: Target | null;
  readonly onImages: OnImages;
  readonly signal: AbortSignal;
}

/** Fits a temperature, keeps it for the run, and tells what it does. Null when the signal ended it early. */
export async function calibrationAddition(
  trained: Trained,
  run: string,
  { target, ...options }: CalibrationOptions,
): Promise<Addition | null> {
  const fitted = await calibrate(trained, options);
  if (fitted === null) return null;
  const { counts, groups } = accuracyOptions(trained);
  const groupOfClass = groupOf(counts, groups);
  const adjust = target === null ? null : adjustment(trained, target);
  const [before, after] = [new EnsembleCalibration(groupOfClass), new EnsembleCalibration(groupOfClass)];
  const adjusted = [before, after].map((meter) => (adjust === null ? meter : transformed(meter, adjust)));
  const scaled = transformed(adjusted[1]!, (logits) => scaleLogits(logits, fitted.temperature, groupOfClass));
  return {
    meters: [adjusted[0]!, scaled],
    finish: () => {
      const path = saveCalibration(run, trained, fitted);
      const found = { before: before.result(), after: after.result() };
      const kept = path === null ? "" : `; kept in ${path} for predict`;
      const heading =
        target === null
          ? ""
          : `adjusted to ${target.name}, on the images as they are (no class is weighted):\n`;
      return {
        text:
          `${heading}${calibrationTable(found.before, found.after)}\n\n` +
          `${describeTemperature(fitted.temperature)}, fitted on ${fitted.images} held-out images${kept}`,
        json: { calibration: { ...fitted, ...found, file: path } },
      };
    },
  };
}
