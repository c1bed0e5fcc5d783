import { BALANCED, imbalanceOf, LONG_TAILED, type Advice, type Situation } from "./situation.js";

export function method(situation: Situation): Advice {
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
      "measured on Caltech-20-LT (imbalance 80): few-shot classes 41.2 ± 0.4 % with NCL, 14.8 ± 2.7 % with cross-entropy",
    ],
    set: [`method.hardCategories=${Math.min(hard, situation.counts.length)}`],
  };
}

export function sampling(situation: Situation): Advice {
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
