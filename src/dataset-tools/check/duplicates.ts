import { isBlank, type Inspection } from "./inspection.js";
import { Likeness } from "./likeness.js";
import { hashesOf, NearHashes } from "./near-pairs.js";

/**
 * How near images must be to count as nearly the same: bits in which the hashes differ, then the likeness of their tiles.
 * Measured on Caltech-101 (8,242 photographs) and CIFAR-100-LT (20,847), with copies of 600 images of each: within 6 bits
 * and 0.97 are 97 to 100 % of the copies that are half as large, of JPEG quality 50, 20 % brighter or have 30 % more
 * contrast, 90 to 96 % of those turned by one degree and 31 to 70 % of those that lost 2 % on each side; and 171 of 34 million
 * pairs, by eye mostly the same picture or one of its series. By the hash alone it would be 387, half of them unlike.
 * A difference hash (dHash, 9 x 8) finds less of the copies and takes more of the others: 692 pairs where it finds as many.
 * Train and test images of CIFAR that are nearly the same: Barz and Denzler, Do We Train on Test Data?, 2020.
 */
export const NEAR_BITS = 6;
const NEAR_LIKENESS = 0.97;

/** Images that are the same or nearly so; each a place in the list of inspections. */
export interface DuplicateGroup {
  /** Groups of one and the same image, of at least one each; the groups are nearly the same as each other. */
  readonly same: readonly (readonly number[])[];
  /** The least likeness of two linked images, 1 for one group; of a mirror image where `mirrored`. */
  readonly likeness: number;
  readonly mirrored: boolean;
}

/**
 * Identical images: their decoded pixels are equal. In the order of their first image.
 * Blank images and those that cannot be decoded are never alike.
 */
export function identicalImages(inspections: readonly Inspection[]): number[][] {
  const groups = new Map<string, number[]>();
  inspections.forEach((inspection, i) => {
    if (inspection.error !== null || isBlank(inspection)) return;
    const group = groups.get(inspection.pixelHash);
    if (group) group.push(i);
    else groups.set(inspection.pixelHash, [i]);
  });
  return [...groups.values()];
}

/** Groups of images that are nearly the same, not only identical; the most alike first. */
export function nearDuplicates(inspections: readonly Inspection[], bits: number): DuplicateGroup[] {
  const same = identicalImages(inspections);
  const first = same.map((group) => inspections[group[0]!]!);
  const groups = connected(first.length, nearLinks(first, bits)).map((links) => ({
    same: endsOf(links).map((node) => same[node]!),
    likeness: Math.min(...links.map(({ likeness }) => likeness)),
    mirrored: links.every(({ mirrored }) => mirrored),
  }));
  return groups.sort((x, y) => y.likeness - x.likeness);
}

interface Link {
  readonly a: number;
  readonly b: number;
  readonly likeness: number;
  readonly mirrored: boolean;
}

function nearLinks(images: readonly Inspection[], bits: number): Link[] {
  const hashes = hashesOf(images.map(({ hash }) => hash));
  const mirrors = hashesOf(images.map(({ mirrored }) => mirrored));
  const near = new NearHashes(hashes, bits);
  const likeness = new Likeness();
  const links: Link[] = [];
  images.forEach((image, a) => {
    const linked = new Set<number>();
    for (const mirrored of [false, true]) {
      const visit = (b: number): void => {
        const found = linked.has(b) ? 0 : likeness.between(image, images[b]!, { mirrored });
        if (found < NEAR_LIKENESS) return;
        linked.add(b);
        links.push({ a, b, likeness: found, mirrored });
      };
      near.visit(mirrored ? mirrors : hashes, a, { first: a + 1, visit });
    }
  });
  return links;
}

/** The links of each connected part of a graph. */
function connected(nodes: number, links: readonly Link[]): Link[][] {
  const parent = Int32Array.from({ length: nodes }, (_, node) => node);
  const root = (node: number): number => {
    while (parent[node] !== node) node = parent[node] = parent[parent[node]!]!;
    return node;
  };
  for (const { a, b } of links) parent[root(b)] = root(a);
  const parts = new Map<number, Link[]>();
  for (const link of links) {
    const part = parts.get(root(link.a));
    if (part) part.push(link);
    else parts.set(root(link.a), [link]);
  }
  return [...parts.values()];
}

function endsOf(links: readonly Link[]): number[] {
  return [...new Set(links.flatMap(({ a, b }) => [a, b]))].sort((x, y) => x - y);
}
