import { describe, expect, it } from "vitest";
import { Mulberry32 } from "../../../test/support/mulberry32.js";
import { hashesOf, NearHashes, type Hashes } from "./near-pairs.js";

/** Random hashes, of which every fifth is another with some bits turned. */
function hashes(count: number): string[] {
  const random = new Mulberry32(1);
  const draw = (below: number): number => Math.floor(random.uniform() * below);
  const list: bigint[] = [];
  for (let i = 0; i < count; i++) {
    const other = list[draw(Math.max(1, i))];
    if (other === undefined || i % 5 > 0) {
      list.push(BigInt(draw(2 ** 32)) * 2n ** 32n + BigInt(draw(2 ** 32)));
      continue;
    }
    let near = other;
    for (let bit = draw(10); bit >= 0; bit--) near ^= 1n << BigInt(draw(64));
    list.push(near);
  }
  return list.map((value) => value.toString(16).padStart(16, "0"));
}

function distance(a: string, b: string): number {
  return (BigInt(`0x${a}`) ^ BigInt(`0x${b}`)).toString(2).replaceAll("0", "").length;
}

function pairs(all: Hashes, most: number): string[] {
  const near = new NearHashes(all, most);
  const found: string[] = [];
  for (let i = 0; i < all.length / 2; i++)
    near.visit(all, i, { first: i + 1, visit: (id, d) => found.push(`${i} ${id} ${d}`) });
  return found.sort();
}

describe("NearHashes", () => {
  it.each([0, 3, 4, 6, 8, 11])("finds every pair at distance %i or less, once", (most) => {
    const texts = hashes(400);
    const expected: string[] = [];
    texts.forEach((a, i) => {
      texts.forEach((b, j) => {
        if (j > i && distance(a, b) <= most) expected.push(`${i} ${j} ${distance(a, b)}`);
      });
    });
    expect(pairs(hashesOf(texts), most)).toEqual(expected.sort());
    expect(most === 0 || expected.length > 10).toBe(true);
  });

  it("goes through a hundred thousand", () => {
    const random = new Mulberry32(2);
    const all = Uint32Array.from({ length: 200_000 }, () => Math.floor(random.uniform() * 2 ** 32));
    all.set(all.subarray(0, 2), 150_000);
    expect(pairs(all, 6)).toEqual(["0 75000 0"]);
  });
});
