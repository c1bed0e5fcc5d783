import { type CommandUnknownOpts, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import {
  DataError,
  type ImageFeatures,
  type ImageInput,
  type ImagePrediction,
  sortedLinks,
  UsageError,
  writeFeatures,
} from "../../index.js";
import { formatSeconds, secondsSince } from "../../support/units.js";
import {
  collect,
  deviceOption,
  newCommand,
  recipeOption,
  threadsOption,
  weightsOption,
  wholeNumber,
} from "../options.js";
import { endWithReader, output } from "../output.js";
import { progressDisplay } from "../progress.js";
import { type Format, FORMATS, type Listing, listingIn } from "./listing.js";
import { type PredictModel, type PredictModelArguments, withModel } from "./model.js";
import { counted } from "../../support/text.js";

interface PredictArguments extends PredictModelArguments {
  readonly top?: number | undefined;
  readonly fromFile?: string | undefined;
  readonly format?: Format | undefined;
  readonly unsure?: number | undefined;
  readonly sortInto?: string | undefined;
  readonly embed?: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
}

const examples = `
An image is a file, a folder (every image in it and below it), a quoted pattern or - (an image on stdin). What cannot be read is
named at the end, the others are predicted, and the exit code is 1.

Examples:
  longtail predict runs/caltech20-lt-ncl photo.jpg
  longtail predict birds.onnx photo.jpg                                          without libtorch
  longtail predict runs/caltech20-lt-ncl photos/ '2024/*/*.jpg' --top 1 --format csv > found.csv
  longtail predict runs/caltech20-lt-ncl photos --unsure 0.6 --format table      what a person should look at
  longtail predict runs/caltech20-lt-ncl photos --sort-into sorted               links in sorted/CLASS/
  longtail predict runs/caltech20-lt-ncl photos --embed photos.safetensors       features, for search and clustering
  find photos -name '*.jpg' -newer last | longtail predict runs/caltech20-lt-ncl --from-file -

A list and a table are for people, csv and jsonl (also --json) for programs: a line for each image, { "image", "predictions":
[{ "class", "probability" }], "calibrated" }, or { "image", "error" } for one that cannot be read. Probabilities are calibrated
where longtail evaluate RUN --calibrate has fitted a temperature. --unsure P shows only images whose best class has a probability
below P, the least sure first. --sort-into makes symbolic links and moves, copies or replaces nothing. --embed writes a
safetensors file: features, float32 [images, features], and the images' paths as JSON in its metadata.`;

export function predictCommand(): CommandUnknownOpts {
  return newCommand("predict")
    .description("predict images: classes and probabilities, by the ensemble of experts")
    .argument("<model>", "a run's folder, a checkpoint, an ONNX file or, with --recipe, a file of weights")
    .argument("[image...]", "image files, folders, patterns, or - for an image on stdin")
    .option("--from-file <file>", "a file with the path of an image in each line; - reads them from stdin")
    .option("--top <n>", "how many classes (default: 5, in a table 2)", wholeNumber(1))
    .addOption(
      new Option("--format <form>", "of the result (default: list, with --json jsonl)").choices(FORMATS),
    )
    .option("--unsure <p>", "show only images whose best class has a probability below this", probability)
    .option("--sort-into <folder>", "link every image in the folder of its class")
    .option("--embed <file>", "write every image's features to a safetensors file")
    .option("--uncalibrated", "ignore the temperature that evaluate --calibrate has fitted", false)
    .addOption(recipeOption())
    .option("--data <folder>", "the folder of that recipe's training images, which names the classes")
    .option("--set <key=value>", "change a key of that recipe; can be given many times", collect, [])
    .addOption(weightsOption())
    .addOption(deviceOption())
    .addOption(threadsOption())
    .addHelpText("after", examples)
    .action(predict);
}

function probability(text: string): number {
  const value = text.trim() === "" ? NaN : Number(text);
  if (value > 0 && value <= 1) return value;
  throw new InvalidArgumentError("Expected a probability above 0 and at most 1, such as 0.6.");
}

async function predict(run: string, images: string[], options: PredictArguments): Promise<void> {
  formatOf(options);
  const { chosenImages } = await import("./images.js");
  const chosen = await chosenImages(images, options.fromFile);
  endWithReader();
  await withModel(run, options, (model) => predictWith(model, chosen, options));
}

async function predictWith(
  model: PredictModel,
  chosen: readonly ImageInput[],
  options: PredictArguments,
): Promise<void> {
  const format = formatOf(options);
  const to = output({ json: format === "csv" || format === "jsonl" });
  if (model.note !== null) to.say(model.note);
  const top = Math.min(options.top ?? (format === "table" ? 2 : 5), model.classes.length);
  const listing = listingIn(format, top);
  const results = await openResults(options, { listing, classes: model.classes });
  const unreadable: string[] = [];
  using progress = progressDisplay(process.stderr);
  const startedAt = performance.now();
  let done = 0;
  const count = (): void => {
    done += 1;
    if (process.stdout.isTTY) return; // the results themselves show how far it is
    progress.show({ done, total: chosen.length, text: progressText(done, chosen.length, startedAt) });
  };
  const onUnreadable = (image: ImageInput, { message }: Error): void => {
    unreadable.push(message);
    listing.add({ image: nameOf(image), error: message });
    count();
  };
  const features = options.embed !== undefined;
  for await (const found of model.predictEach(chosen, { top, features, onUnreadable })) {
    results.add(found);
    count();
  }
  await results.end();
  if (!options.quiet && chosen.length > 1)
    process.stderr.write(
      `${counted(done, "image")} in ${formatSeconds(secondsSince(startedAt))}, ${rate(done, startedAt)}\n`,
    );
  if (unreadable.length === 0) return;
  for (const message of unreadable) process.stderr.write(`error: ${message}\n`);
  throw new DataError(
    unreadable.length === chosen.length
      ? `${counted(chosen.length, "image")}: none can be read`
      : `${unreadable.length} of ${counted(chosen.length, "image")} cannot be read; the others are predicted`,
  );
}

function progressText(done: number, images: number, startedAt: number): string {
  return `${done} of ${counted(images, "image")}, ${rate(done, startedAt)}`;
}

const STDIN = "-";

function nameOf(image: ImageInput): string {
  return typeof image === "string" ? image : STDIN;
}

function formatOf({ format, json }: PredictArguments): Format {
  if (json && format !== undefined && format !== "jsonl")
    throw new UsageError(`--json is --format jsonl; found --format ${format} beside it`);
  return format ?? (json ? "jsonl" : "list");
}

interface Results {
  add(found: ImagePrediction): void;
  end(): Promise<void>;
}

/** Lists, links and collects predictions, as the flags ask for. */
async function openResults(
  { unsure, sortInto, embed }: PredictArguments,
  { listing, classes }: { readonly listing: Listing; readonly classes: readonly string[] },
): Promise<Results> {
  const links = sortInto === undefined ? null : await sortedLinks(sortInto, classes);
  const rows: ImageFeatures[] = [];
  const doubtful: { readonly image: string; readonly found: ImagePrediction }[] = [];
  return {
    add: (found) => {
      const image = found.image ?? STDIN;
      const [best] = found.predictions;
      if (unsure === undefined) listing.add({ ...found, image });
      else if (best!.probability < unsure) doubtful.push({ image, found });
      if (found.image !== null) links?.add(found.image, best!.index);
      if (embed !== undefined) rows.push({ image, features: found.features! });
    },
    end: async () => {
      doubtful.sort((a, b) => a.found.predictions[0]!.probability - b.found.predictions[0]!.probability);
      for (const { image, found } of doubtful) listing.add({ ...found, image });
      listing.end();
      if (embed !== undefined) await writeFeatures(embed, rows);
    },
  };
}

function rate(images: number, startedAt: number): string {
  return `${(images / Math.max(secondsSince(startedAt), 1e-3)).toFixed(1)} images/s`;
}
