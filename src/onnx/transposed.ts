import type { Initializer } from "./graph.js";

/** A matrix with rows and columns exchanged, in memory too: float32 [R, C] becomes [C, R]. */
export function transposed<T extends Pick<Initializer, "data" | "shape">>(matrix: T): T {
  const [rows, columns] = matrix.shape as [number, number];
  const from = matrix.data as Float32Array;
  const data = from.slice();
  for (let row = 0; row < rows; row += 1)
    for (let column = 0; column < columns; column += 1)
      data[column * rows + row] = from[row * columns + column]!;
  return { ...matrix, data, shape: [columns, rows] };
}
