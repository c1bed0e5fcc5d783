import { Command, InvalidArgumentError, Option } from "@commander-js/extra-typings";

/** What every command has. */
export function newCommand(name: string) {
  return new Command(name)
    .option("--json", "machine-readable output on stdout; text for people goes to stderr", false)
    .option("--quiet", "no progress: only warnings, errors and results", false)
    .option("--debug", "show where an error came from", false);
}

/** A command that looks at data: that of a recipe, or of a folder alone. */
export function newDataCommand(name: string) {
  return newCommand(name)
    .argument("[data or recipe]", "the data's folder, or the recipe that the data is for")
    .argument("[settings...]", "KEY VALUE pairs for a YAML file of NCL's PyTorch code")
    .option("--data <folder>", "the data's folder")
    .option("--kind <kind>", "format of the data (default: the recipe's, or what the folder looks like)")
    .option(
      "--set <key=value>",
      "change a key, such as data.trainFile=train_lt.txt; can be given many times",
      collect,
      [],
    );
}

/** A parser of whole numbers, for commander. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    const range = max === Number.MAX_SAFE_INTEGER ? `>= ${min}` : `from ${min} to ${max}`;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  };
}

/** A parser of numbers from 0, with commas between them, for commander. */
export function numberList(text: string): readonly number[] {
  const values = text.split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
  if (values.every((value) => value >= 0 && value < Infinity)) return values;
  throw new InvalidArgumentError("Expected numbers >= 0, such as 0.7 or 0.5,1.");
}

/** Collects a repeatable option. */
export function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value];
}

export function deviceOption() {
  return plainDeviceOption().default("cpu");
}

/** Of a training, which takes a resumed run's own unless told otherwise. */
export function trainingDeviceOption() {
  return plainDeviceOption().default(undefined, "cpu; of a resumed run its own");
}

function plainDeviceOption() {
  return new Option("--device <name>", "cpu, or a GPU: cuda, cuda:1, …");
}

export function threadsOption() {
  return new Option(
    "--threads <n>",
    "threads for computing, of each process (default: one for each core, divided among processes on one machine)",
  ).argParser(wholeNumber(1));
}

export function timeoutOption() {
  return new Option(
    "--timeout <seconds>",
    "of several processes: how long one waits for the others before it gives them up",
  )
    .argParser(wholeNumber(1))
    .default(600);
}

export function kernelsOption() {
  return new Option(
    "--kernels <whose>",
    "the CPU's convolutions: our own kernels where they are faster, or libtorch's alone (default: LONGTAIL_KERNELS, else own)",
  ).choices(["own", "libtorch"] as const);
}

export function cudaGraphsOption() {
  return new Option(
    "--cuda-graphs <on|off>",
    "on a GPU, record a step once and launch it as a whole (default: LONGTAIL_CUDA_GRAPHS, else on)",
  ).argParser(onOrOff);
}

export function expertStreamsOption() {
  return new Option(
    "--expert-streams <on|off>",
    "on a GPU, run each expert on a stream of its own (default: LONGTAIL_EXPERT_STREAMS, else off)",
  ).argParser(onOrOff);
}

function onOrOff(text: string): boolean {
  if (text === "on" || text === "off") return text === "on";
  throw new InvalidArgumentError(`expected on or off, found ${text}.`);
}

export function weightsOption() {
  return new Option(
    "--weights <kind>",
    "the weights' moving averages, or the weights as they are (default: the recipe's evaluation.weights)",
  ).choices(["ema", "raw"] as const);
}

export function recipeOption() {
  return new Option(
    "--recipe <recipe>",
    "the recipe of a file that holds weights alone, such as PyTorch's .pth; needs --data",
  );
}
