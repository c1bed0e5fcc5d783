import type { Inspection } from "./inspection.js";

const TILES = 8;
const SIZE = 3 * TILES * TILES;
/** Mean spread of a tile's channels below which an image counts as gray. */
const GRAYISH = 4;

/** An image's tiles, each channel with its mean taken off, as one vector of length 1. */
interface Tiles {
  readonly colours: Float64Array;
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
    a: Pick<Inspection, "colours">,
    b: Pick<Inspection, "colours">,
    { mirrored }: { mirrored: boolean },
  ): number {
    const [one, other] = [this.#tilesOf(a.colours), this.#tilesOf(b.colours)];
    return one.isGray || other.isGray
      ? correlation(one.luma, other.luma, { channels: 1, mirrored })
      : correlation(one.colours, other.colours, { channels: 3, mirrored });
  }

  #tilesOf(text: string): Tiles {
    const known = this.#tiles.get(text);
    if (known) return known;
    const bytes = Buffer.from(text, "base64");
    const luma = Float64Array.from({ length: SIZE / 3 }, (_, tile) => {
      const [red, green, blue] = bytes.subarray(3 * tile, 3 * tile + 3);
      return 0.299 * red! + 0.587 * green! + 0.114 * blue!;
    });
    const tiles = { colours: centered(bytes, 3), luma: centered(luma, 1), isGray: spread(bytes) < GRAYISH };
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
    sum += Math.max(...tile) - Math.min(...tile);
  }
  return sum / (SIZE / 3);
}
