import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../training/toy.fixture.js";
import { SortedLinks } from "./sorted-links.js";

test("no class leads out of the folder, and no two share one", () => {
  using temporary = temporaryFolder();
  const folder = join(temporary.path, "sorted");
  const classes = ["..", "a/b", "a\\b", "A_B", ".hidden", "/etc", "", "é"];
  const links = new SortedLinks(folder, classes);
  const paths = classes.map((_, index) => relative(folder, links.add("photo.jpg", index)));
  expect(paths).toEqual([
    "_/photo.jpg",
    "a_b/photo.jpg",
    "a_b-2/photo.jpg",
    "A_B-3/photo.jpg",
    "_hidden/photo.jpg",
    "_etc/photo.jpg",
    "_-6/photo.jpg",
    "é/photo.jpg",
  ]);
  expect(readdirSync(folder)).toHaveLength(classes.length);
  expect(existsSync(join(temporary.path, "photo.jpg"))).toBe(false);
});
