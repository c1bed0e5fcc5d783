import { isBlank, type Inspection } from "./inspection-cache.js";
import { hashesOf, NearHashes } from "./near-pairs.js";
import { maxOf, minOf } from "../../support/math.js";

const TILES = 8;
const SIZE = 3 * TILES * TILES;
/** Mean spread of a tile's channels below which an image counts as gray. */
const GRAYISH = 4;

/** An image's tiles, each channel with its mean taken off, as one vector of length 1. */
interface Tiles {
  readonly colors: Float64Array;
  readonly luma: Float64Array;
  readonly isGray: boolean;
}

/**
 * How alike two images are whose hashes are near: the correlation of their tiles' colors, from −1 to 1; of their luma
 * where one of the two is gray, since a gray copy is a copy. Brightness and contrast do not count.
 */
export class Likeness {
  readonly #tiles = new Map<string, Tiles>();

  between(
    a: Pick<Inspection, "colors">,
    b: Pick<Inspection, "colors">,
    { mirrored }: { mirrored: boolean },
  ): number {
    const [one, other] = [this.#tilesOf(a.colors), this.#tilesOf(b.colors)];
    return one.isGray || other.isGray
      ? correlation(one.luma, other.luma, { channels: 1, mirrored })
      : correlation(one.colors, other.colors, { channels: 3, mirrored });
  }

  #tilesOf(text: string): Tiles {
    const known = this.#tiles.get(text);
    if (known) return known;
    const bytes = Buffer.from(text, "base64");
    const luma = Float64Array.from({ length: SIZE / 3 }, (_, tile) => {
      const [red, green, blue] = bytes.subarray(3 * tile, 3 * tile + 3);
      return 0.299 * red! + 0.587 * green! + 0.114 * blue!;
    });
    const tiles = { colors: centered(bytes, 3), luma: centered(luma, 1), isGray: spread(bytes) < GRAYISH };
    this.#tiles.set(text, tiles);
    return tiles;
  }
}

function centered(values: ArrayLike<number>, channels: number): Float64Array {
  const means = new Float64Array(channels);
  const result = Float64Array.from(values);
  result.forEach((value, i) => (means[i % channels]! += (value * channels) / result.length));
  let squares = 0;
  result.forEach((value, i) => (squares += (result[i] = value - means[i % channels]!) ** 2));
  return result.map((value) => value / Math.max(1e-9, Math.sqrt(squares)));
}

function correlation(
  a: Float64Array,
  b: Float64Array,
  { channels, mirrored }: { channels: number; mirrored: boolean },
): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[mirrored ? mirror(i, channels) : i]!;
  return sum;
}

/** Where a value lies when the row it is in is reversed. */
function mirror(i: number, channels: number): number {
  const column = Math.floor(i / channels) % TILES;
  return i + (TILES - 1 - 2 * column) * channels;
}

function spread(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < SIZE; i += 3) {
    const tile = bytes.subarray(i, i + 3);
    sum += maxOf(tile) - minOf(tile);
  }
  return sum / (SIZE / 3);
}

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
    likeness: minOf(links.map(({ likeness }) => likeness)),
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

/** Images that belong together: the same, or nearly so; each image in one group at most. */
export function alikeImages(inspections: readonly Inspection[]): number[][] {
  const near = nearDuplicates(inspections, NEAR_BITS).map(({ same }) => same.flat());
  const known = new Set(near.flat());
  const same = identicalImages(inspections).filter(
    ([first, second]) => second !== undefined && !known.has(first!),
  );
  return [...near, ...same];
}
