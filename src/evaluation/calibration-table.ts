import { type Cell, formatTable } from "../support/table.js";
import type { ByGroup, Calibration, Temperature } from "./analysis.js";
import { ALL_AND_GROUPS, GROUPS } from "../data/groups.js";

/**
 * Formats the ensemble's calibration before and after temperature scaling as a table for people, with cells such as
 * "7.4 → 5.9".
 *
 * @example
 * const { calibration } = await evaluate("runs/mine", { calibrate: "global" });
 * if (calibration) console.log(formatCalibration(calibration));
 */
export function formatCalibration({
  before,
  after,
}: {
  readonly before: ByGroup<Calibration>;
  readonly after: ByGroup<Calibration>;
}): string {
  const cells = (group: (typeof ALL_AND_GROUPS)[number]): Cell[] => {
    const [old, now] = [before[group], after[group]];
    if (old === null || now === null) return [group, "0", null, null, null, null, null];
    const change = (key: "accuracy" | "ece" | "mce" | "nll" | "brier", digits: number): string =>
      `${old[key].toFixed(digits)} → ${now[key].toFixed(digits)}`;
    const percents = [change("accuracy", 1), change("ece", 1), change("mce", 1)];
    return [group, String(old.images), ...percents, change("nll", 3), change("brier", 3)];
  };
  return formatTable(
    ["calibration", "images", "accuracy, %", "ECE, %", "MCE, %", "NLL, nats", "Brier"],
    ALL_AND_GROUPS.map(cells),
  );
}

/**
 * Describes a fitted temperature for people, such as "temperature 0.88".
 *
 * @example
 * if (model.calibration) console.log(formatTemperature(model.calibration.temperature));
 */
export function formatTemperature(temperature: Temperature): string {
  const digits = (value: number): string => value.toFixed(2);
  switch (temperature.kind) {
    case "global":
      return `temperature ${digits(temperature.temperature)}`;
    case "group": {
      const { temperatures } = temperature;
      const each = GROUPS.map((group) => `${digits(temperatures[group])} (${group})`);
      return `temperatures by the group of the answer ${each.join(", ")}`;
    }
    case "expert":
      return `temperatures of the experts ${temperature.temperatures.map(digits).join(", ")}`;
    default:
      return temperature satisfies never;
  }
}
