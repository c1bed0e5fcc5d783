import {
  ENOUGH_FOR_SCRATCH,
  LITTLE_DATA,
  total,
  type Advice,
  type Regime,
  type Situation,
} from "./situation.js";

export function network(situation: Situation, regime: Regime): Advice {
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
      "any method for the tail. Get them from torchvision, which publishes them under these names.",
    sources: [
      "Kornblith et al., CVPR 2019 (fine-tuning beats random weights most on small data)",
      "Liu et al., CVPR 2019 (Places-LT starts from ImageNet's weights)",
    ],
    set: [
      `backbone=${backbone}`,
      `pretrained.file=${backbone === "resnet18" ? "resnet18-f37072fd.pth" : "resnet50-0676ba61.pth"}`,
    ],
  };
}
