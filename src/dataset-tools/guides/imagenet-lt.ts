import { lastSteps, type Guide, type Step } from "./guide.js";
import { shellQuoted } from "../../support/text.js";

/** Where Liu et al. publish the lists of ImageNet-LT and Places-LT (the readme of their code). */
export const OLTR_LISTS = "https://drive.google.com/drive/folders/1j7Nkfe6ZhzKFXePHdsseeeGI877Xu1yf";

/** The folders of the last class. */
const [LAST_TRAIN, LAST_VAL] = ["train/n15075141", "val/n15075141"];

export const imagenetGuide: Guide = {
  name: "imagenet-lt",
  title: "ImageNet-LT",
  about:
    "115,846 images of 1,000 classes (1,280 to 5) out of ILSVRC 2012's training images, and its 50,000 validation images " +
    "to test on; lists by Liu et al. (CVPR 2019). ImageNet's terms forbid passing it on: an account at image-net.org is " +
    "needed. 145 GB to download.",
  steps: (root) => [
    {
      title:
        "Download ILSVRC2012_img_train.tar (md5 1d675b47d978889d74fa0da5fadfb00e) and ILSVRC2012_img_val.tar (md5 " +
        "29b22e2961454d5413ddabcf34fc5622) from https://image-net.org/download.php into the data folder",
      commands: [`mkdir -p ${shellQuoted(root)}`],
      makes: [
        { path: "ILSVRC2012_img_train.tar", until: LAST_TRAIN },
        { path: "ILSVRC2012_img_val.tar", until: LAST_VAL },
      ],
    },
    {
      title: `Download ImageNet_LT_train.txt and ImageNet_LT_test.txt from ${OLTR_LISTS} into the data folder`,
      commands: [],
      makes: [
        { path: "ImageNet_LT_train.txt", lines: 115_846 },
        { path: "ImageNet_LT_test.txt", lines: 50_000 },
      ],
    },
    unpackTraining(root),
    unpackValidation(root),
    ...lastSteps("imagenet-lt-ncl", root, [
      "data.kind=list",
      "data.trainFile=ImageNet_LT_train.txt",
      "data.testFile=ImageNet_LT_test.txt",
    ]),
  ],
};

function unpackTraining(root: string): Step {
  const train = shellQuoted(`${root}/train`);
  const archive = shellQuoted(`${root}/ILSVRC2012_img_train.tar`);
  const unpackClass = 'mkdir -p "${t%.tar}" && tar -xf "$t" -C "${t%.tar}" && rm "$t"';
  return {
    title: "Unpack the training images, an archive a class",
    commands: [
      `mkdir -p ${train} && tar -xf ${archive} -C ${train}`,
      `(cd ${train} && for t in *.tar; do ${unpackClass}; done)`,
    ],
    makes: [{ path: LAST_TRAIN }],
  };
}

function unpackValidation(root: string): Step {
  const val = shellQuoted(`${root}/val`);
  const archive = shellQuoted(`${root}/ILSVRC2012_img_val.tar`);
  const intoClass = 'mkdir -p "$(dirname "$path")" && mv -n "val/$(basename "$path")" "$path"';
  return {
    title: "Unpack the validation images, and move each into the folder that the list has it in",
    commands: [
      `mkdir -p ${val} && tar -xf ${archive} -C ${val}`,
      `(cd ${shellQuoted(root)} && while read -r path label; do ${intoClass}; done < ImageNet_LT_test.txt)`,
    ],
    makes: [{ path: LAST_VAL }],
  };
}
