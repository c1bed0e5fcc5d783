import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Json } from "../../support/json.js";
import {
  inatImages,
  largeImages,
  placesImages,
  type Preparation,
  smallImages,
  smallImagesInTwoViews,
} from "../built-in/images.js";
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
  if (existsSync(from.value("DATASET.TRAIN_JSON"))) importAnnotations(from);
  else if (dataSet.cifar) importCifar(from);
  else importFolder(from);
  if (views !== "copies") from.unused("the data set makes no copies", "DATASET.INTRA_N");
  return views;
}

/** The files that there are. Paths in them are full or, as in the reference, begin in the working folder. */
function importAnnotations(from: Importer): void {
  from.set("data.kind", "annotations", "DATASET.TRAIN_JSON");
  from.set("data.root", ".", "DATASET.TRAIN_JSON");
  from.set("data.trainFile", resolve(from.value("DATASET.TRAIN_JSON")), "DATASET.TRAIN_JSON");
  from.set("data.testFile", resolve(from.value("DATASET.VALID_JSON")), "DATASET.VALID_JSON");
}

/** The name of annotations that are not there says what they held: cifar100_imbalance100_train.json. */
function importCifar(from: Importer): void {
  const name = /cifar(?<classes>100|10)_imbalance(?<imbalance>\d+)[^/]*$/;
  const { classes, imbalance } = name.exec(from.value("DATASET.TRAIN_JSON"))?.groups ?? {};
  if (classes === undefined) {
    from.refuse(
      "DATASET.TRAIN_JSON",
      "expected a file, or a name that says which data it is, such as cifar100_imbalance100_train.json",
    );
    return;
  }
  from.set("data.kind", `cifar${classes}`, "DATASET.TRAIN_JSON");
  from.set("data.imbalance", Number(imbalance), "DATASET.TRAIN_JSON");
  from.remark(
    "DATASET.TRAIN_JSON",
    `no such file: CIFAR-${classes} from --data stands in, cut to imbalance ${imbalance}; ` +
      "classes have as many images as there, but not the same ones",
  );
  from.unused("the test images are those of --data", "DATASET.VALID_JSON");
}

function importFolder(from: Importer): void {
  from.set("data.kind", "image-folder", "DATASET.DATASET");
  from.remark(
    "DATASET.TRAIN_JSON",
    "no such file; the images are those of --data DIR, in DIR/train/CLASS and DIR/test/CLASS",
  );
  from.unused("the test images are those of --data", "DATASET.VALID_JSON");
}
