import { expect, test } from "vitest";
import { PAGE_STYLE } from "../../support/page/page.js";
import { seriesStyle } from "./groups.js";

test("sixteen things look different from each other, in colors that light and dark pages and paper define", () => {
  const styles = Array.from({ length: 16 }, (_, place) => seriesStyle(place));
  expect(new Set(styles.map(({ color, dashed }) => `${color} ${dashed}`)).size).toBe(16);
  const values = styles
    .slice(0, 8)
    .map(({ color }) =>
      [...PAGE_STYLE.matchAll(new RegExp(`${/--s\d/.exec(color)![0]}: (?<value>#[0-9a-f]{6})`, "g"))].map(
        ({ groups }) => groups!["value"],
      ),
    );
  expect(values.map((all) => all.length)).toEqual(Array(8).fill(3));
  for (const scheme of [0, 1, 2]) expect(new Set(values.map((all) => all[scheme])).size).toBe(8);
});
