import type { Confusion } from "../../evaluation/tally.js";
import { type Group, GROUPS } from "../../data/groups.js";
import type { RunEvaluation } from "./run-evaluation.js";

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

/** How the images of one group of classes are answered, in percent of them. */
export interface GroupAnswers {
  readonly group: Group;
  readonly images: number;
  readonly right: number;
  /** Wrong answers by the group of the answered class. */
  readonly wrong: Readonly<Record<Group, number>>;
}

/** Where each group's images go; groups without test images are left out. Null without a confusion matrix. */
export function groupAnswers({ confusion, groupOfClass }: RunEvaluation): GroupAnswers[] | null {
  if (confusion === null) return null;
  return GROUPS.flatMap((group) => {
    const ofGroup = confusion.filter(([label]) => groupOfClass[label] === group);
    const images = sum(ofGroup);
    if (images === 0) return [];
    const share = (some: typeof confusion): number => (100 * sum(some)) / images;
    const wrongAs = (answered: Group): number =>
      share(ofGroup.filter(([label, answer]) => label !== answer && groupOfClass[answer] === answered));
    return [
      {
        group,
        images,
        right: share(ofGroup.filter(([label, answer]) => label === answer)),
        wrong: { many: wrongAs("many"), medium: wrongAs("medium"), few: wrongAs("few") },
      },
    ];
  });
}

function sum(pairs: readonly (readonly [number, number, number])[]): number {
  return pairs.reduce((total, [, , images]) => total + images, 0);
}
