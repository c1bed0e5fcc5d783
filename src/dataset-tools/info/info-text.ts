import { formatBytes } from "../../support/units.js";
import { formatTable } from "../../support/table.js";
import type { ClassSize } from "../../data/statistics.js";
import type { DatasetCard } from "../../data/card.js";
import type { Quantiles } from "../../data/image-statistics.js";
import type { DataInfo } from "./info.js";

const MAX_ROWS = 20;
const BAR = 40;

/** What data is like, for a terminal: numbers, the classes as bars. */
export function infoText(info: DataInfo): string {
  return [splits(info), facts(info), bars(info.classes)].join("\n\n");
}

/** What to start from, and why, with the command that does it. */
export function adviceText({ start }: DataInfo, command: string): string {
  const paragraphs = start.advice.map(({ topic, advice, why, sources, set }) => {
    const source = sources.length === 0 ? [] : [`  (${sources.join("; ")})`];
    const keys = set.length === 0 ? [] : [`  ${set.map((change) => `--set ${change}`).join(" ")}`];
    return [`${topic}: ${advice}`, `  ${why}`, ...source, ...keys].join("\n");
  });
  return ["Where to start from:", ...paragraphs, `As a command:\n  ${command}`].join("\n\n");
}

function splits({ train, test }: DataInfo): string {
  const row = (name: string, card: DatasetCard): string[] => [
    name,
    whole(card.images),
    whole(Math.max(...card.counts)),
    whole(Math.min(...card.counts)),
    card.imbalance === null ? "-" : short(card.imbalance),
    card.gini.toFixed(2),
    whole(card.skipped),
    card.hash.slice(0, 12),
  ];
  const rows = [row("train", train), ...(test === null ? [] : [row("test", test)])];
  const header = ["", "images", "largest class", "smallest", "imbalance", "Gini", "left out", "hash"];
  return formatTable(header, rows);
}

function facts({ train, effectiveNumbers, images }: DataInfo): string {
  const groups = Object.entries(train.groups ?? {}).map(
    ([group, { classes, images: count }]) =>
      `${group} ${classes} ${classes === 1 ? "class" : "classes"} (${whole(count)} images)`,
  );
  const effective = effectiveNumbers.map(
    ({ beta, largest, smallest, imbalance }) =>
      `${short(largest)} to ${short(smallest)}, ratio ${short(imbalance)} (β ${beta})`,
  );
  const shares = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${((100 * count) / images.images).toFixed(0)} %`)
      .join(", ");
  const rows: [string, string][] = [
    ["groups", groups.join(", ")],
    ["effective numbers", effective.join("; ")],
    ["width, height", `${range(images.width, String)}; ${range(images.height, String)} pixels`],
    ["file size", range(images.bytes, formatBytes)],
    [
      "images are",
      `${shares(images.formats)}; ${shares(images.colours)} (of ${whole(images.looked)} looked at)`,
    ],
  ];
  return rows.map(([name, text]) => `${name.padEnd(19)}${text}`).join("\n");
}

function range(quantiles: Quantiles | null, show: (value: number) => string): string {
  if (quantiles === null) return "-";
  const { min, median, max } = quantiles;
  return min === max ? show(min) : `${show(min)} to ${show(max)} (median ${show(median)})`;
}

/** A bar a class, largest first; of many classes every so-manieth, from the first to the last. */
function bars(classes: readonly ClassSize[]): string {
  const sorted = classes.toSorted((a, b) => b.train - a.train);
  const rows = Math.min(MAX_ROWS, sorted.length);
  const shown = Array.from({ length: rows }, (_, row) => {
    const place = rows === 1 ? 0 : Math.round((row * (sorted.length - 1)) / (rows - 1));
    return { ...sorted[place]!, place };
  });
  const names = shown.map(({ name, place }) => (rows < sorted.length ? `${place + 1}. ${name}` : name));
  const width = Math.min(28, Math.max(...names.map((name) => name.length)));
  const most = Math.max(1, sorted[0]?.train ?? 1);
  return shown
    .map(({ train, group }, row) => {
      const name = names[row]!.slice(0, width).padEnd(width);
      return `${name} ${whole(train).padStart(7)} ${bar(train / most)} ${group}`;
    })
    .join("\n");
}

/** Of at most BAR cells, in eighths of one. */
function bar(share: number): string {
  const eighths = Math.max(share > 0 ? 1 : 0, Math.round(8 * BAR * share));
  const rest = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8] ?? "";
  return "█".repeat(Math.floor(eighths / 8)) + rest;
}

function whole(value: number): string {
  return value.toLocaleString("en");
}

function short(value: number): string {
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}
