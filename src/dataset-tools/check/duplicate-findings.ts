import type { FindingItem } from "./finding.js";
import type { FindingKind } from "./finding-kinds.js";
import { identicalImages, nearDuplicates, type DuplicateGroup } from "./duplicates.js";
import type { CheckedImage } from "./images.js";

type Items = Map<FindingKind, FindingItem[]>;
/** The finding's kind for several labels, for both splits, for neither. */
type Kinds = readonly [conflict: FindingKind, leak: FindingKind, inside: FindingKind];

const IDENTICAL: Kinds = ["conflicting-labels", "leak", "duplicate"];
const NEAR: Kinds = ["near-conflict", "near-leak", "near-duplicate"];

/**
 * What is to be said of images that are the same or nearly so, by kind. A group that has several labels and lies in both
 * splits is found twice.
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
