import { type CommandUnknownOpts, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import {
  exportModel,
  exportOnnx,
  exportWeb,
  formatAccuracy,
  type OnnxExport,
  type OnnxOptions,
  UsageError,
  type WebExport,
} from "../../index.js";
import { formatBytes } from "../../support/units.js";
import { newCommand, weightsOption } from "../options.js";
import { output } from "../output.js";
import { counted } from "../../support/text.js";

interface ExportArguments {
  readonly format: "pth" | "safetensors" | "onnx" | "web";
  readonly out: string;
  readonly prefix?: string | undefined;
  readonly input?: "tensor" | "pixels" | undefined;
  readonly prior?: string | undefined;
  readonly uncalibrated: boolean;
  readonly precision?: "float32" | "float16" | "int8" | undefined;
  readonly maxLoss?: number | undefined;
  readonly accept: boolean;
  readonly data?: string | undefined;
  readonly title?: string | undefined;
  readonly weights?: "ema" | "raw" | undefined;
  readonly json: boolean;
}

const examples = `
Examples:
  longtail export runs/cifar100-lt-ncl --format onnx --out ncl.onnx
  longtail export runs/cifar100-lt-ncl --format onnx --prior uniform --input pixels --out ncl.onnx
  longtail export runs/cifar100-lt-ncl --format onnx --precision int8 --max-loss 0.5 --out ncl.onnx
  longtail export runs/mine --format web --out page --title "Birds of the garden"
  longtail export runs/cifar100-lt-ncl --format pth --out ncl.pth
  longtail export runs/cifar100-lt-ncl --format pth --prefix module. --out ncl.pth        for DataParallel
  longtail export runs/cifar100-lt-ncl --format safetensors --out ncl.safetensors

A .pth file holds { state_dict, epoch, classes }, as NCL's PyTorch code loads it; torch.load reads it with
weights_only=True. The names are PyTorch's: backbone.K.… and classifier.K.… for each expert K.

An ONNX model (opset 18) holds all experts, their mean, the run's temperature where longtail evaluate RUN --calibrate has fitted
one, and the prior asked for. Its outputs are logits and probabilities [N, classes], N as you like; its metadata property
"longtail" is JSON that names the classes and says how images are prepared. Where onnxruntime-node is installed, the model is run
and compared with libtorch before it is written.

A page (--format web) is a folder of files for any static server: it classifies photographs in the visitor's browser, works offline
after the first visit, and takes the flags of an ONNX model. Its weights are float16 unless --precision says otherwise.`;

export function exportCommand(): CommandUnknownOpts {
  return newCommand("export")
    .description("write a trained network's weights for other programs")
    .argument("<run>", "a run's folder or a checkpoint")
    .addOption(
      new Option("--format <name>", "of the file")
        .choices(["onnx", "web", "pth", "safetensors"] as const)
        .makeOptionMandatory(),
    )
    .requiredOption("--out <path>", "the file to write, or the folder of a page")
    .option("--prefix <text>", "pth, safetensors: put before every name")
    .addOption(
      new Option(
        "--input <kind>",
        "onnx: normalized float32 [N, 3, S, S], or uint8 [N, H, W, 3] of any size, resized, cropped and normalized inside " +
          "(default: tensor)",
      ).choices(["tensor", "pixels"] as const),
    )
    .option(
      "--prior <target>",
      "onnx, web: class frequencies that predictions are for: uniform, train, reversed, or a JSON or CSV file of weights",
    )
    .addOption(
      new Option(
        "--precision <type>",
        "onnx, web: of the weights; float16 halves the file, int8 quarters it; both are evaluated first (default: float32, of a page float16)",
      ).choices(["float32", "float16", "int8"] as const),
    )
    .option(
      "--max-loss <points>",
      "onnx, web: accuracy that any group may lose by the precision (default: 1)",
      points,
    )
    .option("--accept", "onnx, web: write a model that loses more, too", false)
    .option(
      "--data <folder>",
      "onnx, web: the folder of the images that a precision is evaluated on, and examples are of",
    )
    .option("--title <text>", "web: the page's heading (default: the recipe's name)")
    .option("--uncalibrated", "onnx, web: ignore the temperature that evaluate --calibrate has fitted", false)
    .addOption(weightsOption())
    .addHelpText("after", examples)
    .action(exportRun);
}

async function exportRun(run: string, options: ExportArguments): Promise<void> {
  const { format, out, prefix, weights, title } = options;
  const to = output(options);
  const ofOnnx = onnxOptions(options);
  if (format !== "web") refuse({ title }, "web", format);
  if (format === "web") {
    const { input, ...settings } = ofOnnx;
    refuse({ prefix, input }, "pth, safetensors and onnx", format);
    const made = await exportWeb(run, { out, weights, title, ...settings });
    to.say(describePage(made));
    to.value(made);
    return;
  }
  if (format === "onnx") {
    refuse({ prefix }, "pth and safetensors", format);
    const made = await exportOnnx(run, { out, weights, ...ofOnnx });
    to.say(describe(made));
    to.value(made);
    return;
  }
  refuse(ofOnnx, "onnx and web", format);
  const checkpoint = await exportModel(run, { format, out, prefix: prefix ?? "", weights });
  to.say(`${out}: the weights of ${checkpoint}`);
  to.value({ out, format, checkpoint });
}

/** What was asked for of an ONNX model. */
function onnxOptions({
  input,
  prior,
  precision,
  maxLoss,
  data,
  ...flags
}: ExportArguments): Omit<OnnxOptions, "out" | "weights"> {
  return {
    ...{ input, prior, precision, maxLoss, data },
    accept: flags.accept || undefined,
    calibrate: flags.uncalibrated ? false : undefined,
  };
}

/** Parses percentage points, for commander. */
function points(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 0 && value <= 100) return value;
  throw new InvalidArgumentError("Expected percentage points from 0 to 100, such as 0.5.");
}

/** Flags whose names differ from those of the library's options. */
const FLAGS: Readonly<Partial<Record<string, string>>> = { calibrate: "uncalibrated", maxLoss: "max-loss" };

/** @throws UsageError for an option that is of another format. */
function refuse(options: object, formats: string, format: string): void {
  const [given] = Object.entries(options).find(([, value]) => value !== undefined) ?? [];
  if (given !== undefined)
    throw new UsageError(
      `--${FLAGS[given] ?? given}: expected with --format ${formats}, found with --format ${format}.`,
    );
}

function describePage({ bytes, modelBytes, notes, ...made }: WebExport): string {
  return [
    describe({ ...made, bytes: modelBytes }),
    ...notes.map((note) => `  ${note}`),
    `  the page takes ${formatBytes(bytes)}; any static server shows it: npx serve ${made.out}`,
  ].join("\n");
}

function describe({ out, checkpoint, metadata, bytes, difference, cost }: OnnxExport): string {
  const { classes, recipe, temperature, prior, precision } = metadata;
  const parts = [
    counted(classes.length, "class", "classes"),
    `${recipe.experts} x ${recipe.backbone}`,
    temperature === null ? "uncalibrated" : "calibrated",
    ...(prior === null ? [] : [`for class frequencies ${prior.name}`]),
    precision,
    formatBytes(bytes),
  ];
  const compared =
    difference === null
      ? "not compared with libtorch: onnxruntime-node is not installed"
      : `compared with libtorch by ONNX Runtime: logits differ by ${difference.toExponential(1)} of the largest at most`;
  const lines = [`${out}: the network of ${checkpoint}`, `  ${parts.join(", ")}`, `  ${compared}`];
  if (cost !== null)
    lines.push(
      formatAccuracy(`accuracy on ${counted(cost.images, "test image")}, %`, [
        ["float32", cost.before],
        [precision, cost.after],
      ]),
    );
  return lines.join("\n");
}
