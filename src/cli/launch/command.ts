import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { newCommand, wholeNumber } from "../options.js";

interface LaunchArguments {
  readonly nproc: number;
  readonly nnodes: number;
  readonly nodeRank: number;
  readonly master?: string | undefined;
  readonly maxRestarts: number;
}

const examples = `
Examples:
  longtail launch --nproc 4 -- train imagenet-lt-ncl --data DIR --device cuda       four GPUs of this machine
  longtail launch --nproc 2 -- train cifar100-lt-ncl --data DIR --threads 4         two processes on the CPU
  longtail launch --nproc 8 --max-restarts 3 -- train RECIPE --data DIR --out runs/night

Two machines with 8 GPUs each, the same command on both but for --node-rank; gpu01 is the first one's name:
  longtail launch --nproc 8 --nnodes 2 --node-rank 0 --master gpu01:29500 -- train RECIPE --data DIR --device cuda
  longtail launch --nproc 8 --nnodes 2 --node-rank 1 --master gpu01:29500 -- train RECIPE --data DIR --device cuda

All processes share each batch: data.batch is the whole of it, whatever their number. Each line of output begins with the
rank it comes from. When one process fails, all end, with that one's error. --max-restarts starts all of them again from
the last checkpoint. train needs no launcher of ours: it also starts under torchrun, Slurm's srun and Kubernetes' jobs.`;

export function launchCommand(): CommandUnknownOpts {
  return newCommand("launch")
    .description("start a training in several processes, on one machine or on each of several")
    .argument("<command...>", "what each process runs, after --: train and its arguments")
    .requiredOption("--nproc <n>", "processes on this machine; with GPUs, one for each", wholeNumber(1))
    .option("--nnodes <n>", "machines", wholeNumber(1), 1)
    .option("--node-rank <n>", "this machine's number, from 0", wholeNumber(0), 0)
    .option("--master <host:port>", "where the first machine listens (default: this machine, a free port)")
    .option("--max-restarts <n>", "how often to start again after a failure", wholeNumber(0), 0)
    .addHelpText("after", examples)
    .action(launch);
}

async function launch(command: readonly string[], options: LaunchArguments): Promise<void> {
  const { launchAll } = await import("./launch.js");
  await launchAll(command, options);
}
