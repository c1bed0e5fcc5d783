/** An image for the thread that computes: RGB, row by row. */
export interface Question {
  readonly id: number;
  readonly pixels: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}

/** Probabilities of all classes, or why there are none. */
export type Answer =
  | { readonly id: number; readonly probabilities: Float32Array }
  | { readonly id: number; readonly error: string };
