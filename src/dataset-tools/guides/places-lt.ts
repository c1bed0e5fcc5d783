import { OLTR_LISTS } from "./imagenet-lt.js";
import { lastSteps, type Guide } from "./guide.js";
import { shellQuoted } from "../../support/text.js";

const ARCHIVE = "places365standard_easyformat.tar";
const WEIGHTS = "resnet152-b121ed2d.pth";

export const placesGuide: Guide = {
  name: "places-lt",
  title: "Places-LT",
  about:
    "62,500 images of 365 scenes (4,980 to 5) out of Places365's training images (Zhou et al., 2018), and its 36,500 " +
    "validation images to test on; lists by Liu et al. (CVPR 2019). NCL's PyTorch code tests on 20 images a class out of " +
    "the training folder instead. The training starts from ImageNet's weights. 25 GB to download.",
  steps: (root) => {
    const archive = shellQuoted(`${root}/${ARCHIVE}`);
    return [
      {
        title: "Download and unpack Places365-Standard, images of 256 pixels in a folder a class",
        commands: [
          `curl --fail --location --continue-at - --create-dirs --output ${archive} http://data.csail.mit.edu/places/places365/${ARCHIVE}`,
          `tar -xf ${archive} -C ${shellQuoted(root)} --strip-components=1`,
        ],
        makes: [{ path: "train/airfield" }, { path: "val/airfield" }],
      },
      {
        title: `Download Places_LT_train.txt and Places_LT_test.txt from ${OLTR_LISTS} into the data folder`,
        commands: [],
        makes: [
          { path: "Places_LT_train.txt", lines: 62_500 },
          { path: "Places_LT_test.txt", lines: 36_500 },
        ],
      },
      {
        title: "Download ResNet-152's weights for ImageNet, from PyTorch",
        commands: [
          `curl --fail --location --output ${shellQuoted(`${root}/${WEIGHTS}`)} https://download.pytorch.org/models/${WEIGHTS}`,
        ],
        makes: [{ path: WEIGHTS }],
      },
      ...lastSteps("places-lt-ncl", root, [
        "data.kind=list",
        "data.trainFile=Places_LT_train.txt",
        "data.testFile=Places_LT_test.txt",
        `pretrained.file=${root}/${WEIGHTS}`,
      ]),
    ];
  },
};
