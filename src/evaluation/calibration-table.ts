import { type Cell, formatTable } from "../support/table.js";
import type { ByGroup, Calibration, Temperature } from "./analysis.js";
import { ALL_AND_GROUPS, GROUPS } from "../data/groups.js";

/** Calibration of the ensemble before and after, by group: "7.4 → 5.9" a cell. */
export function calibrationTable(before: ByGroup<Calibration>, after: ByGroup<Calibration>): string {
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

/** For people: "temperature 0.88". */
export function describeTemperature(temperature: Temperature): string {
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
