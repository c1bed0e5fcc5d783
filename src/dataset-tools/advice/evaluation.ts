import type { Advice, Situation } from "./situation.js";

/** A class of fewer images loses much of what it has when one is held out. */
const ENOUGH_TO_HOLD_OUT = 10;

export function selection({ counts }: Situation): Advice {
  const small = counts.filter((count) => count < ENOUGH_TO_HOLD_OUT).length;
  return {
    topic: "selection",
    advice:
      small > 0
        ? "the last epoch's weights (selection.kind=last)"
        : "the best epoch on held-out training images (selection.kind=held-out)",
    why:
      small > 0
        ? `${small === 1 ? "1 class has" : `${small} classes have`} fewer than ${ENOUGH_TO_HOLD_OUT} training images: too few to hold some out. A schedule that ends at a small rate needs no choice of epoch.`
        : "Choosing the epoch by its test accuracy would make that look better than it is.",
    sources: small > 0 ? [] : ["NCL's PyTorch code chooses on the test images; see docs/parity.md"],
    set: [`selection.kind=${small > 0 ? "last" : "held-out"}`],
  };
}

/** A class's accuracy, p of n images, has a standard error of √(p (1 − p) / n): 0.5 / √n at most. */
export function evaluation({ smallestTest }: Situation): Advice[] {
  if (smallestTest === null) {
    return [
      {
        topic: "evaluation",
        advice: "set test images aside first",
        why: "There is no test split: nothing would say how good the network is.",
        sources: [],
        set: [],
      },
    ];
  }
  if (smallestTest >= 50) return [];
  const error = smallestTest === 0 ? null : Math.round(50 / Math.sqrt(smallestTest));
  return [
    {
      topic: "evaluation",
      advice: "compare groups and several seeds, not single classes",
      why:
        error === null
          ? "Some classes have no test images: their accuracy is not measured."
          : `The smallest class has ${smallestTest} test images: its accuracy is uncertain by up to ±${error} points (standard error).`,
      sources: ["the standard error of a share, 50 / √n points at most"],
      set: [],
    },
  ];
}
