import type { Split } from "../../data/dataset.js";
import { classFindings } from "./class-findings.js";
import { duplicateFindings } from "./duplicate-findings.js";
import type { Finding, FindingItem } from "./finding.js";
import { FINDING_KINDS, type FindingKind } from "./finding-kinds.js";
import { imageFindings } from "./image-findings.js";
import { allImages, type CheckedData } from "./images.js";

export interface FindOptions {
  /** Side of the square that the network sees; null when that is not known. */
  readonly imageSize: number | null;
  /** Bits in which hashes of near images may differ. */
  readonly bits: number;
  /** Why a split could not be opened. */
  readonly problems: Partial<Record<Split, string>>;
}

/** Everything that is to be said of data whose images were looked at: errors first, in the order of the list of kinds. */
export function find(data: CheckedData, { imageSize, bits, problems }: FindOptions): Finding[] {
  const images = [...allImages(data)];
  const { train, test } = data;
  const found = new Map<FindingKind, readonly FindingItem[]>([
    ["layout", layoutItems(problems)],
    ["skipped", skippedItems(data)],
    ...imageFindings(images, imageSize),
    ...(train ? classFindings(train.dataset, test?.dataset) : []),
    ...duplicateFindings(images, bits),
  ]);
  return (Object.keys(FINDING_KINDS) as FindingKind[]).flatMap((kind) => {
    const items = found.get(kind) ?? [];
    return items.length === 0 ? [] : [{ kind, ...FINDING_KINDS[kind], items }];
  });
}

/** What was left out when a split was opened; not all of it is described. */
function skippedItems({ train, test }: CheckedData): FindingItem[] {
  return [train, test].flatMap((split) => {
    const { count = 0, examples = [] } = split?.dataset.skipped ?? {};
    const rest = count - examples.length;
    const texts = rest > 0 ? [...examples, `${rest} more`] : examples;
    return texts.map((text) => ({ images: [], text }));
  });
}

function layoutItems(problems: FindOptions["problems"]): FindingItem[] {
  return Object.values(problems).map((text) => ({ images: [], text }));
}
