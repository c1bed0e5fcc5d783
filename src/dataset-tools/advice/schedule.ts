import {
  ENOUGH_FOR_SCRATCH,
  LITTLE_DATA,
  total,
  type Advice,
  type Regime,
  type Situation,
} from "./situation.js";

export function schedule(situation: Situation, regime: Regime): Advice {
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
