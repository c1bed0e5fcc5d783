import { arange } from "../torch/create.js";
import { noGrad } from "../torch/autograd.js";
import { cat } from "../torch/operators.generated.js";
import { dispose, keep, keepForever, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";

/**
 * How position embeddings become those of another grid. antialiased: bicubic, by the sizes, smoothed where the grid gets
 * smaller, as in timm and in DINOv2 with registers; offset: bicubic by a scale of (new size + 0.1) / size, as in the code
 * of DINOv2 without registers.
 */
export type PositionRule = "antialiased" | "offset";

/** Rows and columns of a grid of patches. */
export type Grid = readonly [rows: number, columns: number];

/**
 * Position embeddings of a square grid for images of any size. The change is a product with a matrix that is computed once
 * for each size: its gradient is the same every time, on GPUs as well, unlike that of an interpolation.
 */
export class PositionResampling implements Disposable {
  readonly #side: number;
  readonly #rule: PositionRule;
  #current: { readonly key: string; readonly matrix: Tensor } | null = null;

  /** @param side rows of the embeddings' own grid. */
  constructor(side: number, rule: PositionRule) {
    this.#side = side;
    this.#rule = rule;
  }

  /** embeddings [1, others + side², D], those of other tokens than patches' first → [1, others + rows · columns, D] */
  apply(embeddings: Tensor, grid: Grid): Tensor {
    const [rows, columns] = grid;
    if (rows === this.#side && columns === this.#side) return embeddings;
    using _ = scope();
    const others = embeddings.shape[1]! - this.#side ** 2;
    const ofPatches = embeddings.narrow(1, others, this.#side ** 2);
    const resampled = this.#matrix(grid, embeddings.device).matmul(ofPatches);
    return keep(cat([embeddings.narrow(1, 0, others).to({ dtype: resampled.dtype }), resampled], { dim: 1 }));
  }

  #matrix(grid: Grid, device: string): Tensor {
    const key = `${grid.join("x")} ${device}`;
    if (this.#current?.key !== key) {
      this[Symbol.dispose]();
      this.#current = {
        key,
        matrix: keepForever(resamplingMatrix(this.#side, grid, this.#rule).to({ device })),
      };
    }
    return this.#current.matrix;
  }

  [Symbol.dispose](): void {
    if (this.#current !== null) dispose(this.#current.matrix);
    this.#current = null;
  }
}

/** What each position of a square grid adds to each of another grid: [rows · columns, side²]. */
export function resamplingMatrix(side: number, grid: Grid, rule: PositionRule): Tensor {
  using _scope = scope();
  using _noGrad = noGrad();
  const [rows, columns] = grid;
  const each = arange(side ** 2)
    .oneHot({ numClasses: side ** 2 })
    .to({ dtype: "float32" })
    .reshape([1, side ** 2, side, side]); // as many images, each of one position
  const resampled =
    rule === "antialiased"
      ? each.upsampleBicubic2dAntialiased(grid, false)
      : each.upsampleBicubic2d(grid, false, {
          scalesH: (rows + 0.1) / side,
          scalesW: (columns + 0.1) / side,
        });
  return keep(
    resampled
      .reshape([side ** 2, rows * columns])
      .t()
      .contiguous(),
  );
}
