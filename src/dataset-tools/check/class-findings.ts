import type { Dataset } from "../../data/dataset.js";
import { classStatistics } from "../../data/statistics.js";
import type { FindingItem } from "./finding.js";
import type { FindingKind } from "./finding-kinds.js";

/** What is to be said of classes, by kind. */
export function classFindings(train: Dataset, test: Dataset | undefined): Map<FindingKind, FindingItem[]> {
  const { counts, classes } = classStatistics(train);
  const untested = test === undefined ? [] : labelsWith(0, classStatistics(test).counts);
  return new Map<FindingKind, FindingItem[]>([
    ["empty-class", labelsWith(0, counts).map((label) => ({ images: [], text: quoted(classes[label]) }))],
    ["single-image", labelsWith(1, counts).map((label) => onlyImage(train, label))],
    ["no-test-images", untested.map((label) => ({ images: [], text: quoted(classes[label]) }))],
    ["similar-names", similarNames(classes)],
  ]);
}

function labelsWith(wanted: number, counts: readonly number[]): number[] {
  return counts.flatMap((count, label) => (count === wanted ? [label] : []));
}

function onlyImage({ classes, labels }: Dataset, label: number): FindingItem {
  return { images: [{ split: "train", index: labels.indexOf(label) }], text: quoted(classes[label]) };
}

function similarNames(classes: readonly string[]): FindingItem[] {
  const groups = new Map<string, string[]>();
  for (const name of classes) groups.set(plain(name), [...(groups.get(plain(name)) ?? []), name]);
  return [...groups.values()]
    .filter((names) => names.length > 1)
    .map((names) => ({ images: [], text: names.map(quoted).join(", ") }));
}

/** Without what people vary unknowingly: capitals, spaces, separators, one of several codes for a letter. */
function plain(name: string): string {
  const letters = name
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[\s_.-]+/g, "");
  return letters === "" ? name : letters;
}

/** Code points that show nothing are written out. */
function quoted(name = ""): string {
  return JSON.stringify(name).replaceAll(/[\p{M}\p{Cf}\p{Zs}]/gu, (letter) =>
    letter === " " ? letter : `\\u{${letter.codePointAt(0)!.toString(16)}}`,
  );
}
