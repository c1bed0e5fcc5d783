/**
 * What the reference code does and its papers' numbers rest on, where longtail's defaults are others.
 * Recipes that are to be compared with those numbers keep to it.
 */
export const parity = {
  /** An epoch's last, smaller batch is left out. */
  data: { dropLast: true },
  /** Many-shot classes have >= 100 training images, few-shot ones <= 20; the best epoch on the test images is reported. */
  evaluation: { groups: "ncl", reportBest: true },
  /** Every training image is trained on. The reference's choice of the best epoch on the test images is reported only. */
  selection: { kind: "last" },
  /** The student's log is log(p + 1e-9); `mask` and `otherLogits` are the reference's by default. */
  method: { hardCategorySource: "first", otherLogits: "zeroed", logEpsilon: 1e-9 },
  /** The keys' projection and encoder start at random, and the projection stays so: the default, too. */
  contrastive: { keyProjection: "frozen" },
} as const;
