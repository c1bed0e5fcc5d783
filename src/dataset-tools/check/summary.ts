import { type ClassSize, classSizes, classStatistics } from "../../data/statistics.js";
import type { GroupRule } from "../../data/groups.js";
import type { Dataset, SplitFolder } from "../../data/dataset.js";
import { imageStatistics, type ImageStatistics } from "../../data/image-statistics.js";
import type { CheckResult } from "./check.js";
import type { Finding, ImageRef } from "./finding.js";
import { unitOf, type Severity } from "./finding-kinds.js";
import { type CheckedData, SPLITS } from "./images.js";

/** An image as a report names it. */
export interface NamedImage extends ImageRef {
  /** Its path, or where it lies in another file. */
  readonly where: string;
  readonly class: string;
}

interface NamedItem {
  readonly images: readonly NamedImage[];
  readonly text: string;
}

/** What a check found, as plain data. */
export interface CheckSummary {
  readonly name: string;
  readonly kind: Dataset["kind"] | null;
  readonly root: string;
  /** Images of each split; null for one that is not there or could not be opened. */
  readonly images: Readonly<Record<SplitFolder, number | null>>;
  /** Kinds of findings by severity. */
  readonly counts: Readonly<Record<Severity, number>>;
  readonly findings: readonly (Omit<Finding, "items"> & { readonly items: readonly NamedItem[] })[];
  /** Largest class over smallest; null when a class is empty. */
  readonly imbalance: number | null;
  readonly classes: readonly ClassSize[];
  readonly statistics: ImageStatistics;
}

export function summarize(
  { data, findings }: CheckResult,
  { name, root, rule }: { name: string; root: string; rule: GroupRule },
): CheckSummary {
  const { train, test } = data;
  const { imbalance = Infinity } = train ? classStatistics(train.dataset) : {};
  const of = (severity: Severity): number => findings.filter((one) => one.severity === severity).length;
  return {
    name,
    root,
    kind: train?.dataset.kind ?? test?.dataset.kind ?? null,
    images: {
      train: train?.dataset.size ?? null,
      validation: data.validation?.dataset.size ?? null,
      test: test?.dataset.size ?? null,
    },
    counts: { error: of("error"), warning: of("warning"), note: of("note") },
    findings: findings.map(({ items, ...finding }) => ({
      ...finding,
      items: items.map(({ images, text }) => ({ images: images.map((ref) => named(data, ref)), text })),
    })),
    imbalance: Number.isFinite(imbalance) ? imbalance : null,
    classes: train ? classSizes(train.dataset, { test: test?.dataset, rule }) : [],
    statistics: imageStatistics(SPLITS.flatMap((split) => data[split]?.inspections ?? [])),
  };
}

function named(data: CheckedData, ref: ImageRef): NamedImage {
  const dataset = data[ref.split]?.dataset;
  return {
    ...ref,
    where: dataset?.describe(ref.index) ?? "",
    class: dataset?.classes[dataset.labels[ref.index] ?? -1] ?? "",
  };
}

/** "12 images", "3 groups of 8 images", "2 classes": how much a finding found. */
export function amount({ kind, items }: Pick<CheckSummary["findings"][number], "kind" | "items">): string {
  const unit = unitOf(kind);
  const images = items.reduce((sum, item) => sum + item.images.length, 0);
  if (unit !== "image" || images === items.length) return counted(items.length, unit);
  return images === 0
    ? counted(items.length, "group")
    : `${counted(items.length, "group")} of ${counted(images, "image")}`;
}

/** "1 class", "2 classes". */
function counted(count: number, unit: string): string {
  return `${count.toLocaleString("en")} ${unit}${count === 1 ? "" : unit === "class" ? "es" : "s"}`;
}
