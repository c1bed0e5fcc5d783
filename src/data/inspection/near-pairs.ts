/**
 * Pairs of 64-bit hashes that differ in few bits, by multi-index hashing (Norouzi, Punjani and Fleet, Fast Search in
 * Hamming Space with Multi-Index Hashing, CVPR 2012): of four 16-bit parts of two hashes at distance d, at least one
 * differs in ⌊d / 4⌋ bits or fewer. So it suffices to look up each part, and what is that near it, in a table.
 */

const PARTS = 4;
const BUCKETS = 2 ** 16;

/** 64-bit numbers as two halves: [2 i] is the upper, [2 i + 1] the lower half of number i. */
export type Hashes = Uint32Array;

/** Of numbers in hexadecimal, 16 digits each. */
export function hashesOf(texts: readonly string[]): Hashes {
  const hashes = new Uint32Array(2 * texts.length);
  texts.forEach((text, i) => {
    hashes[2 * i] = Number.parseInt(text.slice(0, 8), 16);
    hashes[2 * i + 1] = Number.parseInt(text.slice(8), 16);
  });
  return hashes;
}

/** The number of bits that are set. */
function bitCount(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function part(hashes: Hashes, i: number, which: number): number {
  const half = hashes[2 * i + (which >> 1)]!;
  return which & 1 ? half & 0xffff : half >>> 16;
}

/** Numbers of 16 bits with at most `bits` set: what to look up around a part. */
function masks(bits: number): number[] {
  let level = [0];
  const found = new Set(level);
  for (let round = 0; round < bits; round++) {
    level = level.flatMap((mask) => Array.from({ length: 16 }, (_, bit) => mask | (1 << bit)));
    for (const mask of level) found.add(mask);
  }
  return [...found];
}

/** The hashes by the value of one part: those with value v are ids[starts[v]] … ids[starts[v + 1] − 1]. */
interface Table {
  readonly starts: Int32Array;
  readonly ids: Int32Array;
}

function tableOf(hashes: Hashes, which: number): Table {
  const size = hashes.length / 2;
  const starts = new Int32Array(BUCKETS + 1);
  for (let i = 0; i < size; i++) starts[part(hashes, i, which) + 1]!++;
  for (let value = 0; value < BUCKETS; value++) starts[value + 1]! += starts[value]!;
  const next = starts.slice();
  const ids = new Int32Array(size);
  for (let i = 0; i < size; i++) ids[next[part(hashes, i, which)]!++] = i;
  return { starts, ids };
}

/** Finds, for any hash, those of a fixed list that are near. */
export class NearHashes {
  readonly #hashes: Hashes;
  readonly #most: number;
  readonly #masks: readonly number[];
  readonly #tables: readonly Table[];

  /** @param most the largest distance that counts as near */
  constructor(hashes: Hashes, most: number) {
    this.#hashes = hashes;
    this.#most = most;
    this.#masks = masks(Math.floor(most / PARTS));
    this.#tables = Array.from({ length: PARTS }, (_, which) => tableOf(hashes, which));
  }

  /** Calls `visit` once for each near hash from `first` on. */
  visit(
    query: Hashes,
    q: number,
    options: { first: number; visit: (id: number, distance: number) => void },
  ): void {
    for (let which = 0; which < PARTS; which++) this.#visitPart(query, q, { ...options, which });
  }

  #visitPart(
    query: Hashes,
    q: number,
    { which, first, visit }: { which: number; first: number; visit: (id: number, distance: number) => void },
  ): void {
    const { starts, ids } = this.#tables[which]!;
    const value = part(query, q, which);
    for (const mask of this.#masks) {
      const bucket = value ^ mask;
      for (let at = starts[bucket]!; at < starts[bucket + 1]!; at++) {
        const id = ids[at]!;
        if (id < first) continue;
        const distance = this.#distance(query, q, id);
        if (distance <= this.#most && !this.#seenBefore(query, q, { id, which })) visit(id, distance);
      }
    }
  }

  /** Whether an earlier part has led to this hash already. */
  #seenBefore(query: Hashes, q: number, { id, which }: { id: number; which: number }): boolean {
    const reach = Math.floor(this.#most / PARTS);
    for (let earlier = 0; earlier < which; earlier++) {
      if (bitCount(part(query, q, earlier) ^ part(this.#hashes, id, earlier)) <= reach) return true;
    }
    return false;
  }

  #distance(query: Hashes, q: number, id: number): number {
    return (
      bitCount(query[2 * q]! ^ this.#hashes[2 * id]!) +
      bitCount(query[2 * q + 1]! ^ this.#hashes[2 * id + 1]!)
    );
  }
}
