import type { Dataset } from "../../data/dataset.js";
import { maxOf, minOf, sum } from "../../support/math.js";
import { counted } from "../../support/text.js";

/** What the advice depends on. */
export interface Situation {
  readonly kind: Dataset["kind"];
  /** Training images of each class that has some. */
  readonly counts: readonly number[];
  /** Median of the images' shorter sides in pixels. */
  readonly side: number;
  /** Images of the smallest class of the test split; null without one. */
  readonly smallestTest: number | null;
}

/** One thing to choose, and why. */
interface Advice {
  readonly topic: "method" | "sampling" | "network" | "schedule" | "selection" | "evaluation";
  readonly advice: string;
  readonly why: string;
  /** Papers, and what was measured here. */
  readonly sources: readonly string[];
  /** Keys of the recipe to begin with that it changes, as --set takes them. */
  readonly set: readonly string[];
}

/** The rules' bounds; what each is for is said where it is used, with the source. */
const BALANCED = 2;
const LONG_TAILED = 10;
const LITTLE_DATA = 5_000;
const ENOUGH_FOR_SCRATCH = 100_000;
const SMALL_IMAGES = 64;

/** Which of the built-in recipes such data is like. */
type Regime = "cifar10" | "cifar100" | "small" | "photographs";

function regimeOf({ kind, side }: Situation): Regime {
  if (kind === "cifar10" || kind === "cifar100") return kind;
  return side <= SMALL_IMAGES ? "small" : "photographs";
}

function imbalanceOf({ counts }: Situation): number {
  return maxOf(counts) / minOf(counts);
}

function total({ counts }: Situation): number {
  return sum(counts);
}

/** A class of fewer images loses much of what it has when one is held out. */
const ENOUGH_TO_HOLD_OUT = 10;

function selection({ counts }: Situation): Advice {
  const small = counts.filter((count) => count < ENOUGH_TO_HOLD_OUT).length;
  return {
    topic: "selection",
    advice:
      small > 0
        ? "the last epoch's weights (selection.kind=last)"
        : "the best epoch on held-out training images (selection.kind=held-out)",
    why:
      small > 0
        ? `${counted(small, "class has", "classes have")} fewer than ${ENOUGH_TO_HOLD_OUT} training images: too few to hold some out. A schedule that ends at a small rate needs no choice of epoch.`
        : "Choosing the epoch by its test accuracy would make that look better than it is.",
    sources: small > 0 ? [] : ["NCL's PyTorch code chooses on the test images; see docs/parity.md"],
    set: [`selection.kind=${small > 0 ? "last" : "held-out"}`],
  };
}

/** A class's accuracy, p of n images, has a standard error of √(p (1 − p) / n): 0.5 / √n at most. */
function evaluation({ smallestTest }: Situation): Advice[] {
  if (smallestTest === null) {
    return [
      {
        topic: "evaluation",
        advice: "let the training keep test images, a fifth of the mean class size from each class",
        why: "There are no test images, and nothing else says how good the network is. The run writes down which ones it kept.",
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
          : `The smallest class has ${counted(smallestTest, "test image")}: its accuracy is uncertain by up to ±${error} points (standard error).`,
      sources: ["the standard error of a share, 50 / √n points at most"],
      set: [],
    },
  ];
}

export interface Start {
  /** The built-in recipe to begin with. */
  readonly recipe: string;
  readonly advice: readonly Advice[];
  /** Whether `longtail fit` comes first: a folder of photographs, too few to learn features from. */
  readonly fit: boolean;
}

/** Where to start from with data like this, by rules that are written down beside their sources. */
export function adviseOn(situation: Situation): Start {
  const regime = regimeOf(situation);
  return {
    recipe: RECIPES[regime],
    fit: situation.kind === "image-folder" && total(situation) < ENOUGH_FOR_SCRATCH,
    advice: [
      method(situation),
      sampling(situation),
      network(situation, regime),
      schedule(situation, regime),
      selection(situation),
      ...evaluation(situation),
    ],
  };
}

const RECIPES: Record<Regime, string> = {
  cifar10: "cifar10-lt-ncl",
  cifar100: "cifar100-lt-ncl",
  small: "caltech20-lt-ncl",
  photographs: "imagenet-lt-ncl",
};

function method(situation: Situation): Advice {
  const imbalance = imbalanceOf(situation);
  const text = imbalance.toFixed(imbalance < 10 ? 1 : 0);
  if (imbalance < BALANCED) {
    return {
      topic: "method",
      advice: "plain cross-entropy",
      why: `The largest class is ${text} times the smallest: there is no tail to lift, and what lifts tails would change little.`,
      sources: ["Ren et al., NeurIPS 2020: with equal counts balanced softmax is cross-entropy"],
      set: ["method.kind=cross-entropy"],
    };
  }
  if (imbalance < LONG_TAILED) {
    return {
      topic: "method",
      advice: "balanced softmax, one network",
      why: `The largest class is ${text} times the smallest: adding log n to the logits makes up for that, at no cost.`,
      sources: ["Ren et al., NeurIPS 2020 (balanced softmax)"],
      set: ["method.kind=balanced-softmax"],
    };
  }
  const hard = Math.max(2, Math.round(0.3 * situation.counts.length));
  return {
    topic: "method",
    advice: `NCL: three networks that teach each other; ${hard} hard classes, 30 % of all`,
    why:
      `The largest class is ${text} times the smallest: NCL has balanced softmax and, on top, distillation and hard ` +
      "classes. It costs three networks; method.kind=balanced-softmax is the fast baseline to compare with.",
    sources: [
      "Li et al., CVPR 2022 (NCL): hard classes are 30 of 100, 300 of 1000, 2442 of 8142",
      "measured on Caltech-20-LT (imbalance 80): few-shot classes 38.6 ± 1.2 % with NCL, 17.6 ± 1.1 % with cross-entropy, 42.9 ± 0.0 % with three networks of balanced softmax",
    ],
    set: [`method.hardCategories=${Math.min(hard, situation.counts.length)}`],
  };
}

function sampling(situation: Situation): Advice {
  const imbalance = imbalanceOf(situation);
  return {
    topic: "sampling",
    advice: "every image once an epoch (data.sampler.kind=instance)",
    why:
      imbalance < BALANCED
        ? "The classes are nearly even as they are."
        : "It learns the best features, and the loss makes up for the counts already; sampling by class as well would " +
          "correct twice. With plain cross-entropy instead, data.sampler.kind=square-root or repeat-factor helps the tail.",
    sources: [
      "Kang et al., ICLR 2020 (decoupling: instance-balanced sampling gives the most general features)",
      ...(imbalance < BALANCED ? [] : ["Gupta et al., CVPR 2019 (repeat-factor)"]),
    ],
    set: ["data.sampler.kind=instance"],
  };
}

function network(situation: Situation, regime: Regime): Advice {
  const images = total(situation);
  return regime === "photographs" ? forPhotographs(images) : forSmallImages(images, situation.side);
}

function forSmallImages(images: number, side: number): Advice {
  const little = images < LITTLE_DATA;
  const size = little
    ? " A small one does not learn so few images by heart, and trains within minutes on a CPU."
    : "";
  return {
    topic: "network",
    advice: little ? "ResNet-8 on 32 pixels" : "ResNet-32 on 32 pixels",
    why: `The images' shorter side is ${side} pixels: the networks for CIFAR fit.${size}`,
    sources: ["He et al., CVPR 2016 (ResNets for CIFAR)", "Cao et al., NeurIPS 2019 (ResNet-32 on CIFAR-LT)"],
    set: [`backbone=${little ? "resnet8" : "resnet32"}`],
  };
}

function forPhotographs(images: number): Advice {
  if (images >= ENOUGH_FOR_SCRATCH) {
    return {
      topic: "network",
      advice: "ResNet-50 on 224 pixels, from random weights",
      why: `${images.toLocaleString("en")} photographs are enough to start from nothing, as the field does on ImageNet-LT.`,
      sources: ["Liu et al., CVPR 2019 (ImageNet-LT: 115,846 images)", "Li et al., CVPR 2022"],
      set: ["backbone=resnet50"],
    };
  }
  const backbone = images < 4 * LITTLE_DATA ? "resnet18" : "resnet50";
  return {
    topic: "network",
    advice: `${backbone === "resnet18" ? "ResNet-18" : "ResNet-50"} on 224 pixels, starting from ImageNet's weights`,
    why:
      `${images.toLocaleString("en")} photographs are few to learn features from: weights from ImageNet are worth more than ` +
      "any method for the tail.",
    sources: [
      "Kornblith et al., CVPR 2019 (fine-tuning beats random weights most on small data)",
      "Liu et al., CVPR 2019 (Places-LT starts from ImageNet's weights)",
    ],
    set: [`backbone=${backbone}`, `pretrained.weights=${backbone}`],
  };
}

function schedule(situation: Situation, regime: Regime): Advice {
  const images = total(situation);
  if (regime === "cifar10" || regime === "cifar100") {
    return {
      topic: "schedule",
      advice: "400 epochs, rate 0.1, divided by ten at 320 and 360",
      why: "It is what NCL's numbers on these images rest on; 200 epochs show what to expect in half of the time.",
      sources: ["Li et al., CVPR 2022, cifar100_im100_NCL.yaml"],
      set: ["epochs=400"],
    };
  }
  if (regime === "small") {
    const epochs = images < LITTLE_DATA ? 25 : 100;
    return {
      topic: "schedule",
      advice: `${epochs} epochs, a cosine from rate 0.05, 50 steps of warm-up, gradients clipped at norm 5`,
      why: "Short trainings suffer most from NCL's violent first steps; warm-up by steps and clipping tame them.",
      sources: ["measured here on Caltech-20-LT: see `longtail recipes caltech20-lt-ncl`"],
      set: [`epochs=${epochs}`],
    };
  }
  if (images >= ENOUGH_FOR_SCRATCH) {
    return {
      topic: "schedule",
      advice: "200 epochs, a cosine from rate 0.2 with batches of 256",
      why: "It is what NCL's numbers on ImageNet-LT rest on; 90 epochs are usual for a first result.",
      sources: [
        "Li et al., CVPR 2022, ImageNet_LT.yaml",
        "Goyal et al., 2017 (the rate grows with the batch)",
      ],
      set: ["epochs=200"],
    };
  }
  return fineTuning(images);
}

function fineTuning(images: number): Advice {
  const epochs = images < LITTLE_DATA ? 60 : 30;
  return {
    topic: "schedule",
    advice: `${epochs} epochs, a cosine from rate 0.005 with batches of 64, 100 steps of warm-up`,
    why: "Weights that know much already need small, short steps: the rate of NCL's Places-LT recipe, 0.02 for 256 images, for 64.",
    sources: [
      "Li et al., CVPR 2022, Places_LT_NCL.yaml",
      "Goyal et al., 2017 (the rate grows with the batch)",
    ],
    set: [
      `epochs=${epochs}`,
      "data.batch=64",
      "optimizer.accumulate=1",
      "optimizer.lr=0.005",
      "schedule.warmupSteps=100",
    ],
  };
}
