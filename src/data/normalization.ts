import { tensor } from "../torch/create.js";
import type { MemoryFormat } from "../torch/dispatch.js";
import { dispose, keepForever, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";

type PerChannel = readonly [number, number, number];

/** Bytes to floats: (x / 255 − mean) / std for each channel. */
export class Normalization implements Disposable {
  // [1, 3, S, S] and not [1, 3, 1, 1]: in channels_last a loop over three channels would be the inner one.
  readonly #scale: Tensor; // 1 / (255 · std)
  readonly #shift: Tensor; // −mean / std
  readonly #memoryFormat: MemoryFormat;

  constructor(options: { mean: PerChannel; std: PerChannel; size: number; memoryFormat: MemoryFormat }) {
    const { mean, std, size, memoryFormat } = options;
    using _ = scope();
    const planes = (values: PerChannel): Tensor => {
      const data = new Float32Array(3 * size * size);
      values.forEach((value, channel) =>
        data.fill(value, channel * size * size, (channel + 1) * size * size),
      );
      return keepForever(tensor(data, { shape: [1, 3, size, size] }).to({ memoryFormat }));
    };
    this.#scale = planes([1 / (255 * std[0]), 1 / (255 * std[1]), 1 / (255 * std[2])]);
    this.#shift = planes([-mean[0] / std[0], -mean[1] / std[1], -mean[2] / std[2]]);
    this.#memoryFormat = memoryFormat;
  }

  /** uint8 [N, 3, S, S] → float32 of the same shape, in the wanted memory format. */
  apply(images: Tensor): Tensor {
    return this.#shift.addcmul(images.to({ memoryFormat: this.#memoryFormat }), this.#scale);
  }

  [Symbol.dispose](): void {
    dispose(this.#scale, this.#shift);
  }
}
