import type { Json } from "../json.js";
import {
  inatImages,
  largeImages,
  placesImages,
  smallImages,
  smallImagesInTwoViews,
} from "../built-in/images.js";
import type { Preparation } from "../built-in/images.js";
import type { Importer } from "./importer.js";

/** What each training image is used for: once, as two views (MoCo), or as INTRA_N copies (NCL++). */
export type Views = "one" | "two" | "copies";

interface DataSet {
  readonly cifar: boolean;
  readonly views: Views;
  readonly prepared: Preparation;
}

const dataSets: Record<string, DataSet> = {
  MULTI_NETWORK_CIFAR_AUGPLIS: { cifar: true, views: "one", prepared: smallImages },
  MULTI_NETWORK_CIFAR_MOCO_AUGPLIS: { cifar: true, views: "two", prepared: smallImagesInTwoViews },
  MULTI_NETWORK_CIFAR_AUGPLIS_NCL_PLUS: { cifar: true, views: "copies", prepared: smallImages },
  ImageNet_LT: { cifar: false, views: "one", prepared: largeImages },
  iNaturalist: { cifar: false, views: "one", prepared: inatImages },
  Places_LT_MOCO: { cifar: false, views: "two", prepared: placesImages },
};

/** DATASET and INPUT_SIZE. Undefined when the data set is unknown. */
export function importData(from: Importer): Views | undefined {
  const dataSet = from.choice("DATASET.DATASET", dataSets);
  if (dataSet === undefined) return undefined;
  const { prepared, views } = dataSet;
  for (const [key, value] of Object.entries(prepared))
    from.set(`data.${key}`, value as unknown as Json, "DATASET.DATASET");
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
