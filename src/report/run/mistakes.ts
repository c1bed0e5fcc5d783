import type { Confusion } from "../../evaluation/tally.js";

/** What a class's images are answered with, and what is answered with the class. */
export interface ClassMistakes {
  /** Share of the answers with this class that are right, in percent; null where it is never answered. */
  readonly precision: number | null;
  /** The class that it is most often taken for, and how many of its images are; null where it never is. */
  readonly takenFor: { readonly answer: number; readonly images: number } | null;
}

export function classMistakes(confusion: Confusion, classes: number): ClassMistakes[] {
  const answered = new Float64Array(classes);
  const right = new Float64Array(classes);
  const takenFor = Array.from({ length: classes }, (): ClassMistakes["takenFor"] => null);
  for (const [label, answer, images] of confusion) {
    answered[answer]! += images;
    if (label === answer) right[label]! += images;
    else if (images > (takenFor[label]?.images ?? 0)) takenFor[label] = { answer, images };
  }
  return takenFor.map((worst, label) => ({
    precision: answered[label] === 0 ? null : (100 * right[label]!) / answered[label]!,
    takenFor: worst,
  }));
}
