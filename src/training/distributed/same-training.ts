import type { Peers } from "../../distributed/peers.js";
import { splitHash } from "../../data/card.js";
import { UsageError } from "../../support/errors.js";
import { valueAt } from "../../support/json.js";
import type { Training } from "../prepare.js";
import { differences } from "../../runs/recipe-differences.js";

interface TrainingFacts {
  readonly recipe: Training["recipe"];
  readonly train: string;
  readonly test: string;
}

/**
 * Makes sure that all processes train the same recipe on the same images.
 * @throws UsageError that names the first rank that differs, and what: both values of the recipe's key, or both hashes.
 */
export async function assertSameTraining(
  { recipe, data }: Pick<Training, "recipe" | "data">,
  peers: Peers,
): Promise<void> {
  if (peers.ranks === 1) return;
  const own: TrainingFacts = { recipe, train: splitHash(data.train), test: splitHash(data.test) };
  const [first, ...others] = (await peers.exchange("recipe and data", JSON.stringify(own))).map(
    (text) => JSON.parse(text) as TrainingFacts,
  );
  others.forEach((other, i) => {
    assertSame(first!, other, i + 1);
  });
}

function assertSame(first: TrainingFacts, other: TrainingFacts, rank: number): void {
  const [key] = differences(first.recipe, other.recipe);
  if (key !== undefined) {
    const value = (of: TrainingFacts): string => JSON.stringify(valueAt(of.recipe, key.split(".")));
    throw new UsageError(
      `rank ${rank} has another recipe than rank 0: expected ${key} to be ${value(first)}, found ${value(other)}.`,
    );
  }
  for (const split of ["train", "test"] as const)
    if (first[split] !== other[split])
      throw new UsageError(
        `rank ${rank} has other data than rank 0: expected the ${split} images of hash ${first[split]}, found ${other[split]} (labels, names and classes count; see \`longtail data info\`).`,
      );
}
