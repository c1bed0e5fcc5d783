import { type CommandUnknownOpts, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { qualityOption, say, whileShowing } from "./conversion.js";
import { newCommand, wholeNumber } from "../../options.js";
import { counted } from "../../../support/text.js";

const examples = `
Writes DIR/train/CLASS/NUMBER.png and DIR/train.json, annotations as NCL's PyTorch code reads them: { "annotations":
[{ "image_id", "fpath", "im_height", "im_width", "category_id" }, ...], "num_classes" }, with paths relative to DIR. DIR
can be trained on as it is (data.kind image-folder or annotations).

Records are tf.train.Examples with a label (int64) and an image: an image file, which is written as it is; raw bytes
beside height and width, their colors interleaved; or CIFAR's 3072 raw bytes, a plane a color, as in the long-tailed
CIFAR of Cui et al. (CVPR 2019). All checksums are checked. Whether red or blue comes first cannot be seen in a file:
look at an image, and use --channels bgr where skies are orange.

PNG keeps every pixel. NCL's PyTorch code stored CIFAR as JPEG, which loses detail and with it accuracy: --format jpeg is
for comparisons with it.

Examples:
  longtail data convert tfrecord cifar-100-data-im-0.01/train.tfrecords --out cifar100-lt
  longtail data convert tfrecord cifar-100-data-im-0.01/eval.tfrecords --out cifar100-lt --split test
  longtail data convert tfrecord train-*.tfrecord --out photos --class-names names.txt --first-label 1
  longtail data convert tfrecord faces.tfrecords --out faces --channels bgr`;

interface TfRecordArguments {
  readonly out: string;
  readonly split: "train" | "test";
  readonly format: "png" | "jpeg";
  readonly quality: number;
  readonly layout?: "cifar" | "interleaved" | undefined;
  readonly channels: "rgb" | "bgr";
  readonly size?: readonly [number, number] | undefined;
  readonly imageFeature?: string | undefined;
  readonly labelFeature?: string | undefined;
  readonly classNames?: string | undefined;
  readonly firstLabel: number;
  readonly force: boolean;
  readonly json: boolean;
}

export function convertTfRecordCommand(): CommandUnknownOpts {
  return newCommand("tfrecord")
    .description("TensorFlow's record files to image files and annotation JSON")
    .argument("<file...>", "TFRecord files")
    .requiredOption("--out <folder>", "where the images and the JSON go")
    .addOption(
      new Option("--split <name>", "which split the records are")
        .choices(["train", "test"] as const)
        .default("train" as const),
    )
    .addOption(
      new Option("--format <name>", "of the images: png keeps every pixel, jpeg loses detail")
        .choices(["png", "jpeg"] as const)
        .default("png" as const),
    )
    .addOption(qualityOption())
    .addOption(
      new Option("--layout <name>", "of raw bytes (default: cifar for CIFAR's, else interleaved)").choices([
        "cifar",
        "interleaved",
      ] as const),
    )
    .addOption(
      new Option("--channels <order>", "of raw bytes")
        .choices(["rgb", "bgr"] as const)
        .default("rgb" as const),
    )
    .option("--size <HxW>", "height and width of raw images, where no features say them", imageSize)
    .option("--image-feature <name>", "the image's feature (default: found)")
    .option("--label-feature <name>", "the label's feature (default: found)")
    .option("--class-names <file>", "names in the order of the labels (default: the labels)")
    .option("--first-label <n>", "the label that becomes class 0", wholeNumber(0), 0)
    .option("--force", "replace what is there", false)
    .addHelpText("after", examples)
    .action(convert);
}

async function convert(files: string[], options: TfRecordArguments): Promise<void> {
  const { convertTfRecords } = await import("../../../dataset-tools/convert/tfrecord.js");
  const { formatBytes } = await import("../../../support/units.js");
  const { layout = null, size = null, imageFeature = null, labelFeature = null, classNames = null } = options;
  const result = await whileShowing((show) =>
    convertTfRecords({
      ...options,
      files,
      layout,
      size,
      imageFeature,
      labelFeature,
      classNames,
      onProgress: ({ images, bytes, totalBytes }) => {
        const text = `${counted(images, "image")}, ${formatBytes(bytes)} of ${formatBytes(totalBytes)}`;
        show({ done: bytes, total: totalBytes, text });
      },
    }),
  );
  say(result, options);
}

function imageSize(text: string): readonly [number, number] {
  const [, height, width] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (Number(height) > 0 && Number(width) > 0) return [Number(height), Number(width)];
  throw new InvalidArgumentError("Expected height x width, such as 32x32.");
}
