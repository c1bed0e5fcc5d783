import type { Json } from "../json.js";
import { inatImages, largeImages, smallImages } from "../built-in/images.js";
import type { Preparation } from "../built-in/images.js";
import type { Importer } from "./importer.js";

/** What each training image is used for: once, as two views (MoCo), or as INTRA_N copies (NCL++). */
export type Views = "one" | "two" | "copies";

interface DataSet {
  readonly cifar: boolean;
  readonly views: Views;
  readonly prepared: Preparation;
  /** What the reference does to training images and is not there yet. */
  readonly missing: string;
}

const cifar = {
  cifar: true,
  views: "one",
  prepared: smallImages,
  missing: "AutoAugment and Cutout; training images are cropped and flipped only",
} as const;
const photographs = {
  cifar: false,
  views: "one",
  prepared: largeImages,
  missing: "RandomResizedCrop, colour jitter and RandAugment; a crop of 224 out of 256 and flips stand in",
} as const;

const dataSets: Record<string, DataSet> = {
  MULTI_NETWORK_CIFAR_AUGPLIS: cifar,
  MULTI_NETWORK_CIFAR_MOCO_AUGPLIS: {
    ...cifar,
    views: "two",
    missing:
      "AutoAugment and Cutout, and the second view's SimCLR-style changes; both are cropped and flipped only",
  },
  MULTI_NETWORK_CIFAR_AUGPLIS_NCL_PLUS: { ...cifar, views: "copies" },
  ImageNet_LT: photographs,
  iNaturalist: {
    ...photographs,
    prepared: inatImages,
  },
  Places_LT_MOCO: {
    ...photographs,
    views: "two",
    missing: "SimCLR-style changes; in both views a crop of 224 out of 256 and flips stand in",
  },
};

/** DATASET and INPUT_SIZE. Undefined when the data set is unknown. */
export function importData(from: Importer): Views | undefined {
  const dataSet = from.choice("DATASET.DATASET", dataSets);
  if (dataSet === undefined) return undefined;
  const { prepared, views, missing } = dataSet;
  for (const [key, value] of Object.entries(prepared))
    from.set(`data.${key}`, value as unknown as Json, "DATASET.DATASET");
  from.remark("DATASET.DATASET", `not yet: ${missing}`);
  const [height, width] = from.value("INPUT_SIZE");
  if (height !== prepared.imageSize || width !== prepared.imageSize) {
    from.unused(`the data set's images are made ${prepared.imageSize} x ${prepared.imageSize}`, "INPUT_SIZE");
  }
  if (dataSet.cifar) importCifar(from);
  else importFolder(from);
  if (views !== "copies") from.unused("the data set makes no copies", "DATASET.INTRA_N");
  return views;
}

/** The annotations' name says what they hold: cifar100_imbalance100_train.json. */
function importCifar(from: Importer): void {
  const name = /cifar(?<classes>100|10)_imbalance(?<imbalance>\d+)[^/]*$/;
  const { classes, imbalance } = name.exec(from.value("DATASET.TRAIN_JSON"))?.groups ?? {};
  if (classes === undefined) {
    from.refuse(
      "DATASET.TRAIN_JSON",
      "expected a file name that tells the data, such as cifar100_imbalance100_train.json (the file is not read)",
    );
    return;
  }
  from.set("data.kind", `cifar${classes}`, "DATASET.TRAIN_JSON");
  from.set("data.imbalance", Number(imbalance), "DATASET.TRAIN_JSON");
  from.remark(
    "DATASET.TRAIN_JSON",
    `the file is not read: CIFAR-${classes} from --data, cut to imbalance ${imbalance}; ` +
      "classes have as many images as in the file, but not the same ones",
  );
  from.unused("the test images are those of --data", "DATASET.VALID_JSON");
}

function importFolder(from: Importer): void {
  from.set("data.kind", "image-folder", "DATASET.DATASET");
  const instead =
    "not yet: reading annotations; the images are those of --data DIR, in DIR/train/CLASS and DIR/test/CLASS";
  from.remark("DATASET.TRAIN_JSON", instead);
  from.remark("DATASET.VALID_JSON", instead);
}
