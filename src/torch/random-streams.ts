/** A range of streams of random numbers of one seed, for one purpose. */
interface StreamRange {
  readonly first: number;
  readonly size: number;
}

const SIZE = 2 ** 32;

/**
 * Every purpose that draws from a seed's streams of random numbers (see Rng), and the streams that are its own. None of
 * them overlap; a new purpose takes the next range. Moving one changes the results of trainings that draw from it.
 */
export const RANDOM_STREAMS = {
  /** Weights at the start of a training. */
  weights: { first: 0, size: 1 },
  /** Seed of libtorch's generator in each further process, by its rank, less 1. */
  processes: { first: 1, size: SIZE - 1 },
  /** Order of the images, by epoch. */
  order: { first: SIZE, size: SIZE },
  /** Order in which key encoders see a batch's images, by step. */
  keyOrder: { first: 2 * SIZE, size: SIZE },
  /** Classes that a class sampler draws, by epoch. */
  classes: { first: 3 * SIZE, size: SIZE },
  /** Images of the drawn classes, by epoch. */
  imagesOfClasses: { first: 4 * SIZE, size: SIZE },
  /** Images that a repeat-factor sampler draws once more, by epoch. */
  repeats: { first: 5 * SIZE, size: SIZE },
  /** Images held out of training, by class. */
  heldOut: { first: 6 * SIZE, size: SIZE },
  /** Images split off to test on, by class. */
  test: { first: 7 * SIZE, size: SIZE },
  /** How images are mixed, by step. */
  mix: { first: 8 * SIZE, size: SIZE },
  /** Where a map of features begins to lay out its images. */
  map: { first: 9 * SIZE, size: 1 },
} as const satisfies Record<string, StreamRange>;

/** The number of a stream: that of an epoch, a step, a class, counted from 0. */
export function streamOf(purpose: keyof typeof RANDOM_STREAMS, index = 0): number {
  const { first, size } = RANDOM_STREAMS[purpose];
  if (Number.isInteger(index) && index >= 0 && index < size) return first + index;
  throw new RangeError(
    `random streams of ${purpose}: expected a whole number from 0 to ${size - 1}, found ${index}`,
  );
}
