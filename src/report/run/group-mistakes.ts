import { GROUPS, type Group } from "../../data/groups.js";
import type { Judged } from "./judged.js";

/** How the images of one group of classes are answered, in percent of them. */
export interface GroupAnswers {
  readonly group: Group;
  readonly images: number;
  readonly right: number;
  /** Wrong answers by the group of the answered class. */
  readonly wrong: Readonly<Record<Group, number>>;
}

/** Where each group's images go; groups without test images are left out. Null without a confusion matrix. */
export function groupAnswers({ confusion, groupOfClass }: Judged): GroupAnswers[] | null {
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
