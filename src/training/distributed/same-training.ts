import type { Peers } from "../../distributed/peers.js";
import { splitHash } from "../../data/card.js";
import { UsageError } from "../../support/errors.js";
import { valueAt } from "../../support/json.js";
import type { Prepared } from "../prepare.js";
import { differences } from "../../runs/recipe-differences.js";

interface Training {
  readonly recipe: Prepared["recipe"];
  readonly train: string;
  readonly test: string;
}

/**
 * Makes sure that all processes train the same recipe on the same images.
 * @throws UsageError that names the first rank that differs, and what: both values of the recipe's key, or both hashes.
 */
export async function assertSameTraining(
  { recipe, data }: Pick<Prepared, "recipe" | "data">,
  peers: Peers,
): Promise<void> {
  if (peers.ranks === 1) return;
  const own: Training = { recipe, train: splitHash(data.train), test: splitHash(data.test) };
  const [first, ...others] = (await peers.exchange("recipe and data", JSON.stringify(own))).map(
    (text) => JSON.parse(text) as Training,
  );
  others.forEach((other, i) => {
    assertSame(first!, other, i + 1);
  });
}

function assertSame(first: Training, other: Training, rank: number): void {
  const [key] = differences(first.recipe, other.recipe);
  if (key !== undefined) {
    const value = (of: Training): string => JSON.stringify(valueAt(of.recipe, key.split(".")));
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
