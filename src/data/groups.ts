import type { ResolvedRecipe } from "../recipes/schema.js";

/**
 * Which classes count as many, medium and few: the field's rule or that of NCL's PyTorch code.
 *
 * @example
 * const rule: GroupRule = "field";
 */
export type GroupRule = ResolvedRecipe["evaluation"]["groups"];

export const GROUPS = ["many", "medium", "few"] as const;
/**
 * Group of a class by its number of training images.
 *
 * @example
 * const groups: Group[] = ["many", "medium", "few"];
 */
export type Group = (typeof GROUPS)[number];
export const ALL_AND_GROUPS = ["all", ...GROUPS] as const;

/**
 * The group of every class, by its number of training images.
 *
 * - `field`: many > 100, few < 20 (Liu et al., Large-Scale Long-Tailed Recognition in an Open World, CVPR 2019).
 * - `ncl`: many >= 100, few <= 20 (NCL's PyTorch code).
 */
export function groupOf(counts: readonly number[], rule: GroupRule): Group[] {
  return counts.map((count) => {
    if (rule === "field" ? count > 100 : count >= 100) return "many";
    if (rule === "field" ? count < 20 : count <= 20) return "few";
    return "medium";
  });
}
