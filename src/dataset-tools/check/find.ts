import type { Dataset, SplitFolder } from "../../data/dataset.js";
import type { Finding, FindingItem } from "./finding.js";
import { FINDING_KINDS, type FindingKind } from "./finding-kinds.js";
import { imageFindings } from "./image-findings.js";
import { allImages, type CheckedData, type CheckedImage, SPLITS } from "./images.js";
import { isMissing } from "../../data/formats/class-names.js";
import { classStatistics } from "../../data/statistics.js";
import { identicalImages, nearDuplicates, type DuplicateGroup } from "../../data/inspection/duplicates.js";

type Items = Map<FindingKind, FindingItem[]>;
/** The finding's kind for several labels, for several splits, for neither. */
type Kinds = readonly [conflict: FindingKind, leak: FindingKind, inside: FindingKind];

const IDENTICAL: Kinds = ["conflicting-labels", "leak", "duplicate"];
const NEAR: Kinds = ["near-conflict", "near-leak", "near-duplicate"];

/**
 * What is to be said of images that are the same or nearly so, by kind. A group that has several labels and lies in
 * several splits is found twice.
 *
 * @param bits in which hashes of near images may differ
 */
export function duplicateFindings(images: readonly CheckedImage[], bits: number): Items {
  const found: Items = new Map();
  const inspections = images.map(({ inspection }) => inspection);
  for (const group of identicalImages(inspections)) {
    if (group.length > 1) add(found, IDENTICAL, { members: pick(images, group), text: "" });
  }
  for (const group of nearDuplicates(inspections, bits)) {
    add(found, NEAR, { members: pick(images, group.same.flat()), text: describe(group) });
  }
  return found;
}

function pick(images: readonly CheckedImage[], indices: readonly number[]): CheckedImage[] {
  return indices.map((index) => images[index]!);
}

function add(
  found: Items,
  [conflict, leak, inside]: Kinds,
  { members, text }: { members: readonly CheckedImage[]; text: string },
): void {
  const labels = new Set(members.map(({ label }) => label)).size;
  const splits = new Set(members.map(({ ref }) => ref.split)).size;
  const kinds = [...(labels > 1 ? [conflict] : []), ...(splits > 1 ? [leak] : [])];
  for (const kind of kinds.length > 0 ? kinds : [inside]) {
    const items = found.get(kind) ?? [];
    found.set(kind, items);
    items.push({ images: members.map(({ ref }) => ref), text });
  }
}

function describe({ likeness, mirrored }: DuplicateGroup): string {
  return `${mirrored ? "mirrored, " : ""}${(100 * likeness).toFixed(1)} % alike`;
}

export interface FindOptions {
  /** Side of the square that the network sees; null when that is not known. */
  readonly imageSize: number | null;
  /** Bits in which hashes of near images may differ. */
  readonly bits: number;
  /** Why a split could not be opened. */
  readonly problems: Partial<Record<SplitFolder, string>>;
}

/** Everything that is to be said of data whose images were looked at: errors first, in the order of the list of kinds. */
export function find(data: CheckedData, { imageSize, bits, problems }: FindOptions): Finding[] {
  const images = [...allImages(data)];
  const { train, test } = data;
  const found = new Map<FindingKind, readonly FindingItem[]>([
    ["layout", layoutItems(problems)],
    ["files", noteItems(data)],
    ["skipped", leftOutItems(data, (images) => images > 0)],
    ["other-files", leftOutItems(data, (images) => images === 0)],
    ...imageFindings(images, imageSize),
    ...(train ? classFindings(train.dataset, test?.dataset) : []),
    ...duplicateFindings(images, bits),
  ]);
  return (Object.keys(FINDING_KINDS) as FindingKind[]).flatMap((kind) => {
    const items = found.get(kind) ?? [];
    return items.length === 0 ? [] : [{ kind, ...FINDING_KINDS[kind], items }];
  });
}

/** What was left out when a split was opened, by the number of images that are lost with it. */
function leftOutItems(data: CheckedData, isMeant: (images: number) => boolean): FindingItem[] {
  return SPLITS.flatMap((split) =>
    (data[split]?.dataset.leftOut ?? [])
      .filter(({ images }) => isMeant(images))
      .map(({ where, reason }) => ({ images: [], text: `${where}: ${reason}` })),
  );
}

function noteItems(data: CheckedData): FindingItem[] {
  return SPLITS.flatMap((split) => (data[split]?.dataset.notes ?? []).map((text) => ({ images: [], text })));
}

function layoutItems(problems: FindOptions["problems"]): FindingItem[] {
  return Object.values(problems).map((text) => ({ images: [], text }));
}

/** What is to be said of classes, by kind. */
export function classFindings(train: Dataset, test: Dataset | undefined): Map<FindingKind, FindingItem[]> {
  const { counts, classes } = classStatistics(train);
  const of = (images: number): number[] =>
    test === undefined ? [] : labelsWith(images, classStatistics(test).counts);
  return new Map<FindingKind, FindingItem[]>([
    ["empty-class", labelsWith(0, counts).map((label) => ({ images: [], text: quoted(classes[label]) }))],
    ["single-image", labelsWith(1, counts).map((label) => onlyImage(train, label))],
    ["one-class", classes.length === 1 ? [{ images: [], text: quoted(classes[0]) }] : []],
    ["single-test-image", of(1).map((label) => ({ images: [], text: quoted(classes[label]) }))],
    ["missing-labels", classes.filter(isMissing).map((name) => ({ images: [], text: quoted(name) }))],
    ["no-test-images", of(0).map((label) => ({ images: [], text: quoted(classes[label]) }))],
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
