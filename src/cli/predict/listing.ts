import type { ImagePrediction, Prediction } from "../../index.js";
import { formatTable } from "../../support/table.js";

/** Forms of the results on stdout. */
export const FORMATS = ["list", "table", "csv", "jsonl"] as const;
export type Format = (typeof FORMATS)[number];

/** A predicted image, or one that cannot be read and why. */
export type Listed = { readonly image: string } & (
  Pick<ImagePrediction, "predictions" | "calibrated"> | { readonly error: string }
);

/** Where results go, one after the other. */
export interface Listing {
  add(listed: Listed): void;
  /** Prints what waits for the end. */
  end(): void;
}

/** Prints results in a form: a list, CSV and lines of JSON as they come, a table at the end. */
export function listingIn(format: Format, top: number): Listing {
  const line = (text: string): void => void process.stdout.write(`${text}\n`);
  const asTheyCome = (text: (listed: Listed) => string | null): Listing => ({
    add: (listed) => {
      const shown = text(listed);
      if (shown !== null) line(shown);
    },
    end: () => undefined,
  });
  switch (format) {
    case "list":
      return asTheyCome(listText);
    case "table":
      return tableListing(top, line);
    case "csv":
      line(csvLine(csvHeader(top)));
      return asTheyCome((listed) => csvLine(csvCells(listed, top)));
    case "jsonl":
      return asTheyCome((listed) => JSON.stringify(jsonOf(listed)));
    default:
      return format satisfies never;
  }
}

/** Images that cannot be read are named at the end, on stderr. */
function listText(listed: Listed): string | null {
  if ("error" in listed) return null;
  const lines = listed.predictions.map(
    ({ class: name, probability }) => `  ${percent(probability).padStart(5)} %  ${name}`,
  );
  return [listed.image, ...lines].join("\n");
}

function tableListing(top: number, line: (text: string) => void): Listing {
  const rows: string[][] = [];
  return {
    add: (listed) => {
      if ("error" in listed) return;
      rows.push([
        listed.image,
        ...listed.predictions.flatMap(({ class: name, probability }) => [name, percent(probability)]),
      ]);
    },
    end: () => {
      const width = rows.reduce((most, row) => Math.max(most, row.length), 3);
      const header = [
        "image",
        "class",
        "%",
        ...Array.from({ length: top - 1 }, (_, k) => [ordinal(k + 2), "%"]).flat(),
      ];
      line(formatTable(header.slice(0, width), rows));
    },
  };
}

function ordinal(rank: number): string {
  return rank === 2 ? "second" : rank === 3 ? "third" : `${rank}th`;
}

function percent(probability: number): string {
  return (100 * probability).toFixed(1);
}

function csvHeader(top: number): string[] {
  const classes = Array.from({ length: top }, (_, k) => [`class_${k + 1}`, `probability_${k + 1}`]);
  return ["image", ...classes.flat(), "error"];
}

function csvCells(listed: Listed, top: number): string[] {
  const found = "error" in listed ? [] : listed.predictions;
  const classes = Array.from({ length: top }, (_, k): string[] => cellsOf(found[k]));
  return [listed.image, ...classes.flat(), "error" in listed ? listed.error : ""];
}

function cellsOf(prediction: Prediction | undefined): string[] {
  return prediction === undefined ? ["", ""] : [prediction.class, prediction.probability.toFixed(6)];
}

/** RFC 4180. */
function csvLine(cells: readonly string[]): string {
  return cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",");
}

function jsonOf(listed: Listed): unknown {
  if ("error" in listed) return listed;
  const predictions = listed.predictions.map(({ class: name, probability }) => ({
    class: name,
    probability,
  }));
  return { image: listed.image, predictions, calibrated: listed.calibrated };
}
