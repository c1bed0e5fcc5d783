import { type Guide, lastSteps, type Step } from "./guide.js";
import { imagenetGuide, OLTR_LISTS } from "./imagenet-lt.js";
import { shellQuoted } from "../../support/text.js";

const ARCHIVE = "places365standard_easyformat.tar";
const WEIGHTS = "resnet152-b121ed2d.pth";

const placesGuide: Guide = {
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

const PUBLISHER = "https://ml-inat-competition-datasets.s3.amazonaws.com/2018";

/** The publisher's archives with their checksums (github.com/visipedia/inat_comp, 2018). */
const ARCHIVES = [
  {
    file: "train_val2018.tar.gz",
    md5: "b1c6952ce38f31868cc50ea72d066cc3",
    makes: "train_val2018",
    what: "the images (120 GB)",
  },
  {
    file: "train2018.json.tar.gz",
    md5: "bfa29d89d629cbf04d826a720c0a68b0",
    makes: "train2018.json",
    what: "the training labels",
  },
  {
    file: "val2018.json.tar.gz",
    md5: "f2ed8bfe3e9901cdefceb4e53cd3775d",
    makes: "val2018.json",
    what: "the test labels",
  },
] as const;

export const inat18Guide: Guide = {
  name: "inat18",
  title: "iNaturalist 2018",
  about:
    "437,513 images of 8,142 species (1,000 to 2), and 24,426 validation images to test on. For research and teaching only, " +
    "not to be passed on: see https://github.com/visipedia/inat_comp/tree/master/2018. 120 GB to download, twice that on " +
    "the disk until the archive is removed.",
  steps: (root) => [
    ...ARCHIVES.map(({ file, md5, makes, what }): Step => {
      const archive = shellQuoted(`${root}/${file}`);
      return {
        title: `Download and unpack ${what}`,
        commands: [
          `curl --fail --location --continue-at - --create-dirs --output ${archive} ${PUBLISHER}/${file}`,
          `echo "${md5}  "${archive} | md5sum --check && tar -xzf ${archive} -C ${shellQuoted(root)}`,
        ],
        makes: [{ path: makes }],
      };
    }),
    ...lastSteps("inat18-ncl", root, ["data.kind=inaturalist"]),
  ],
};

const cifar = (number: "10" | "100", folder: string): Guide => ({
  name: `cifar${number}-lt`,
  title: `CIFAR-${number}-LT`,
  about:
    `The long-tailed subset of CIFAR-${number} (Krizhevsky, 2009) that Cao et al. (NeurIPS 2019) publish, of imbalance 100; ` +
    `recipe cifar${number}-lt50-ncl takes that of imbalance 50. The recipe chooses it from the balanced images. ` +
    "160 to 175 MB to download.",
  steps: (root) => [
    {
      title: `Get CIFAR-${number} from its publisher`,
      commands: [`longtail data download cifar${number} --to ${shellQuoted(root)}`],
      makes: [{ path: folder }],
    },
    ...lastSteps(`cifar${number}-lt-ncl`, root, []),
  ],
});

const cifar10Guide = cifar("10", "cifar-10-batches-bin");
const cifar100Guide = cifar("100", "cifar-100-binary");

export const guides: readonly Guide[] = [
  cifar10Guide,
  cifar100Guide,
  imagenetGuide,
  inat18Guide,
  placesGuide,
];
