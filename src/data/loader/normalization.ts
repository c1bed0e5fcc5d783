import { tensor } from "../../torch/create.js";
import type { MemoryFormat } from "../../torch/dispatch.js";
import { dispose, keepForever } from "../../torch/scope.js";
import { Tensor } from "../../torch/tensor.js";
import { normalizationFactors } from "../normalization-factors.js";
import { type Normalizer, vision } from "../vision.js";

type PerChannel = readonly [number, number, number];

interface NormalizationOptions {
  readonly mean: PerChannel;
  readonly std: PerChannel;
  readonly memoryFormat: MemoryFormat;
}

/** (x / 255 − mean) / std for each channel, as the native threads compute it. */
export function normalizerFor({ mean, std, memoryFormat }: NormalizationOptions): Normalizer {
  return { ...normalizationFactors({ mean, std }), channelsLast: memoryFormat === "channels_last" };
}

/** Bytes to floats: (x / 255 − mean) / std for each channel, where the bytes are. */
export class Normalization implements Disposable {
  readonly #normalizer: Normalizer;
  readonly #memoryFormat: MemoryFormat;
  /** Scale and shift [1, 3, 1, 1] on the device of the images, for libtorch's operators. */
  #onDevice: readonly [scale: Tensor, shift: Tensor] | null = null;

  constructor(options: NormalizationOptions) {
    this.#normalizer = normalizerFor(options);
    this.#memoryFormat = options.memoryFormat;
  }

  /** uint8 [N, 3, S, S] in channels_last → float32 of the same shape, in the wanted memory format, on the same device. */
  apply(images: Tensor): Tensor {
    if (images.device === "cpu") return new Tensor(vision().normalizeImages(images.handle, this.#normalizer));
    return this.applyByOperators(images);
  }

  /** The same by libtorch's operators, for any device. */
  applyByOperators(images: Tensor): Tensor {
    const { device } = images;
    const perChannel = (values: readonly number[]): Tensor =>
      keepForever(tensor(values, { shape: [1, 3, 1, 1], device }));
    this.#onDevice ??= [perChannel(this.#normalizer.scale), perChannel(this.#normalizer.shift)];
    const [scale, shift] = this.#onDevice;
    return shift.addcmul(images.to({ memoryFormat: this.#memoryFormat }), scale);
  }

  [Symbol.dispose](): void {
    if (this.#onDevice !== null) dispose(...this.#onDevice);
    this.#onDevice = null;
  }
}
