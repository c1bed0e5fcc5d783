import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { join } from "node:path";
import {
  collect,
  cudaGraphsOption,
  expertStreamsOption,
  kernelsOption,
  newCommand,
  threadsOption,
  trainingDeviceOption,
  timeoutOption,
  wholeNumber,
} from "../options.js";
import { type MlflowOptions, type Peers, type TrainingOptions, UsageError, withPeers } from "../../index.js";
import { followLauncher } from "../launch/lifeline.js";
import { output, type Output } from "../output.js";
import { type RecipeArguments, recipeFrom, withDataFolder } from "../recipe-arguments.js";
import { counted } from "../../support/text.js";

/** Flags of the command: the library's settings, and what only the command line has. */
interface TrainArguments
  extends
    RecipeArguments,
    Pick<
      TrainingOptions,
      ("threads" | "kernels" | "cudaGraphs" | "expertStreams") | ("force" | "resume" | "changedData" | "from")
    > {
  readonly out?: string | undefined;
  readonly device?: string | undefined;
  readonly seeds: number;
  readonly timeout: number;
  readonly requeue?: true | undefined;
  readonly mlflow?: string | true | undefined;
  readonly mlflowExperiment?: string | undefined;
  readonly json: boolean;
}

const examples = `
Examples:
  longtail train cifar100-lt-ncl --data ~/data/cifar-100-binary
  longtail train cifar100-lt-ncl --data DIR --set epochs=8 --set schedule.milestones=[6,7] --set optimizer.lr=0.02
  longtail train caltech20-lt-ncl --data my-photos --seed 1 --out runs/my-photos
  longtail train my-recipe.yaml --data my-photos --seeds 5                        mean and deviation over seeds
  longtail train runs/cifar100-lt-ncl --resume                                    resume after an interruption
  longtail train cifar100-lt-ncl --data DIR --out runs/night --resume             start or resume, for job schedulers
  longtail train cifar100-lt-ncl --data DIR --mlflow http://127.0.0.1:5000 --mlflow-experiment tails
  longtail train cifar100_im100_NCL.yaml TRAIN.MAX_EPOCH 200 --data DIR       a file of NCL's PyTorch code

my-photos is a folder for each class, with or without train and test above them, or a table beside images; without test images
the run keeps some itself (split.json). The keys of --set: longtail recipes --keys.
The run's folder holds recipe.json, metrics.jsonl, result.json and checkpoints. With --json every event
of the training is a line of JSON on stdout.

With --resume, a run that was interrupted, killed or cut off by a crash resumes from its last checkpoint, with the device,
threads and kernels that it began with, and reaches the same weights, bit for bit (same machine). Ctrl-C, SIGTERM, SIGHUP
(unless under nohup), SIGUSR1, SIGUSR2 and SIGXCPU write a checkpoint first. The recipe's keys checkpoints.epochs, .steps and
.minutes say how often one is written. With Slurm, #SBATCH --signal=USR1@120 leaves two minutes for it, and --resume --requeue
has the job queued again. Images that have changed since are an error that names the class; --changed-data resumes all the same.

Logs in the run's folder: metrics.jsonl, epochs.csv, train.log, and event files for \`tensorboard --logdir runs\`; the
recipe's keys logs.… choose. --mlflow logs to a server as well, with MLFLOW_TRACKING_USERNAME and …_PASSWORD, or
MLFLOW_TRACKING_TOKEN, where set; an unreachable server never stops a training.`;

export function trainCommand(): CommandUnknownOpts {
  return newCommand("train")
    .description("train a recipe")
    .argument(
      "<recipe>",
      "a built-in recipe's name, a file (.json, .yaml, .yml, .js, .mjs, .ts), or the folder of a run",
    )
    .argument("[settings...]", "KEY VALUE pairs for a YAML file of NCL's PyTorch code")
    .option("--data <folder>", "the data's folder")
    .option("--set <key=value>", "change a key of the recipe; can be given many times", collect, [])
    .option("--out <folder>", "the run's folder (default: runs/NAME, or runs/NAME-2, … when that is taken)")
    .option("--seed <n>", "seed of every random choice (default: the recipe's)", wholeNumber(0))
    .option(
      "--seeds <n>",
      "train with this many seeds, one after the other; mean ± standard deviation",
      wholeNumber(1),
      1,
    )
    .addOption(trainingDeviceOption())
    .addOption(threadsOption())
    .addOption(kernelsOption())
    .addOption(cudaGraphsOption())
    .addOption(expertStreamsOption())
    .option(
      "--from <file>",
      "continue from a checkpoint of NCL's PyTorch code (.pth), at the epoch after its last",
    )
    .addOption(
      new Option(
        "--select <on>",
        "which epoch is the result: the best on held-out training images, the last, or (too good) the best on the test images",
      ).choices(["held-out", "last", "test"] as const),
    )
    .addOption(timeoutOption())
    .option(
      "--mlflow [url]",
      "log to an MLflow server as well: its address, or the one in MLFLOW_TRACKING_URI",
    )
    .option("--mlflow-experiment <name>", "its experiment (default: MLFLOW_EXPERIMENT_NAME, else Default)")
    .option("--strict", "a record that cannot be used, such as a missing file, is an error (data.strict)")
    .option("--no-strict", "it is left out and counted")
    .option("--resume", "resume the run in --out (or the named one), or start it")
    .option("--changed-data", "resume although the images are not those that the run began with", false)
    .option("--force", "move a run that is already in --out aside")
    .option(
      "--requeue",
      "under Slurm: have the job queued again when SIGUSR1 or SIGUSR2 has ended the training",
    )
    .addHelpText("after", examples)
    .action(train);
}

async function train(nameOrPath: string, settings: string[], options: TrainArguments): Promise<void> {
  followLauncher();
  await withPeers(options, (peers, own) => {
    const device = peers.worldSize === 1 && options.device === undefined ? undefined : own; // a resumed run has its own
    return trainWith(peers, nameOrPath, { ...options, device, settings });
  });
}

async function trainWith(
  peers: Peers,
  nameOrPath: string,
  options: TrainArguments & Required<Pick<RecipeArguments, "settings">>,
): Promise<void> {
  const { rank, worldSize } = peers;
  const recipe = withDataFolder(await recipeFrom(nameOrPath, { ...options, worldSize, quiet: rank > 0 }));
  const { trainSeedsWatched, trainWatched } = await import("./action.js");
  const { jobToRequeue } = await import("./requeue.js");
  const {
    device,
    threads,
    kernels,
    cudaGraphs,
    expertStreams,
    force = false,
    resume = false,
    changedData,
    from,
    seeds,
  } = options;
  const to = outputOf(peers, output(options));
  const ownFolder = async (): Promise<string> =>
    rank === 0 ? defaultFolder(nameOrPath, recipe.name, resume) : "";
  const { out = (await peers.exchange("folder", await ownFolder()))[0]! } = options;
  if (worldSize > 1) to.say(describeBatch(recipe.data.batch, worldSize));
  const training = {
    out,
    device,
    threads,
    kernels,
    cudaGraphs,
    expertStreams,
    force,
    resume,
    changedData,
    from,
    peers,
    job: options.requeue && jobToRequeue({ resume }),
    mlflow: mlflowFrom(options),
    output: to,
    listeners: [to.value],
  };
  if (seeds > 1) to.value(await trainSeedsWatched(recipe, { ...training, seeds }));
  else await trainWatched(recipe, training);
}

/** Of several processes the first one speaks. */
function outputOf({ rank }: Peers, to: Output): Output {
  return rank === 0 ? to : { ...to, say: () => undefined, value: () => undefined };
}

/** The MLflow server to log to; undefined unless asked for. */
function mlflowFrom({ mlflow, mlflowExperiment: experiment }: TrainArguments): MlflowOptions | undefined {
  if (mlflow !== undefined) return { url: mlflow === true ? null : mlflow, experiment: experiment ?? null };
  if (experiment === undefined) return undefined;
  throw new UsageError("--mlflow-experiment is for a server: give --mlflow as well.");
}

function describeBatch(batch: number, worldSize: number): string {
  const [min, max] = [Math.floor(batch / worldSize), Math.ceil(batch / worldSize)];
  const each = min === max ? String(min) : `${min} or ${max}`;
  return `${counted(worldSize, "process", "processes")}: a batch of ${counted(batch, "image")} (data.batch), ${each} in each process`;
}

/** A fresh folder; to resume, the named one or that of the recipe's first run. */
async function defaultFolder(nameOrPath: string, name: string, resume: boolean): Promise<string> {
  const { freshRunFolder } = await import("../../runs/run-folder.js");
  const { isRunFolder } = await import("../../recipes/load.js");
  const first = join("runs", name);
  if (!resume) return freshRunFolder(first);
  return isRunFolder(nameOrPath) ? nameOrPath : first;
}
