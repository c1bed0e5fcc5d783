import { expect, it } from "vitest";
import { NumpyRandom } from "./numpy-random.js";

it("is MT19937: the first and the ten thousandth number of seed 5489, as the C++ standard has it", () => {
  const random = new NumpyRandom(5489);
  const numbers = Array.from({ length: 10_000 }, () => random.uint32());
  expect([numbers[0], numbers.at(-1)]).toEqual([3499211612, 4123659995]);
});

it("shuffles as NumPy: np.random.seed(0); np.random.permutation(10)", () => {
  const values = Int32Array.from({ length: 10 }, (_, i) => i);
  new NumpyRandom(0).shuffle(values);
  expect([...values]).toEqual([2, 8, 4, 9, 1, 6, 7, 3, 0, 5]);
});
