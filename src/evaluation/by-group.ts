import type { ByGroup } from "./analysis.js";
import type { Group } from "../data/groups.js";

/** Sums of some kind, kept for all images and for each group of classes. */
export class Grouped<Sums> {
  readonly #groupOfClass: readonly Group[];
  readonly #all: Sums;
  readonly #groups: Readonly<Record<Group, Sums>>;

  constructor(groupOfClass: readonly Group[], create: () => Sums) {
    this.#groupOfClass = groupOfClass;
    this.#all = create();
    this.#groups = { many: create(), medium: create(), few: create() };
  }

  /** The sums that an image of this label belongs to. */
  of(label: number): readonly [all: Sums, group: Sums] {
    return [this.#all, this.#groups[this.#groupOfClass[label]!]];
  }

  /** `value` may be null only where there is nothing; there are images between all groups. */
  map<T>(value: (sums: Sums) => T | null): ByGroup<T> {
    const { many, medium, few } = this.#groups;
    const all = value(this.#all);
    if (all === null) throw new RangeError("Grouped: nothing was added");
    return { all, many: value(many), medium: value(medium), few: value(few) };
  }
}
