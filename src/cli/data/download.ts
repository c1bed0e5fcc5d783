import { Argument, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type { DownloadProgress } from "../../dataset-tools/download/resumable.js";
import { onInterrupt } from "../exit.js";
import { newCommand } from "../options.js";
import { output } from "../output.js";
import { progressDisplay } from "../progress.js";

const examples = `
Downloads an archive from its publisher (https://www.cs.toronto.edu/~kriz/cifar.html, 160 to 175 MB), checks it and
unpacks it: DIR/cifar-10-batches-bin or DIR/cifar-100-binary. Use DIR as the data folder. After an interruption or a cut
connection the same command continues; an archive that you put into DIR yourself is checked and unpacked. Both formats
hold the same images.

The long-tailed sets are made from these by the recipes themselves (data.imbalance).

Examples:
  longtail data download cifar100 --to data
  longtail train cifar100-lt-ncl --data data
  longtail data download cifar10 --to data --format python`;

interface DownloadArguments {
  readonly to: string;
  readonly format: "binary" | "python";
  readonly url?: string | undefined;
  readonly force: boolean;
  readonly json: boolean;
}

export function downloadCommand(): CommandUnknownOpts {
  return newCommand("download")
    .description("get CIFAR-10 or CIFAR-100 from its publisher")
    .addArgument(new Argument("<name>", "the data set").choices(["cifar10", "cifar100"] as const))
    .option("--to <folder>", "where it goes", ".")
    .addOption(
      new Option("--format <name>", "the publisher's version")
        .choices(["binary", "python"] as const)
        .default("binary" as const),
    )
    .option("--url <address>", "another address of the same archive")
    .option("--force", "unpack again over what is there", false)
    .addHelpText("after", examples)
    .action(run);
}

async function run(name: "cifar10" | "cifar100", options: DownloadArguments): Promise<void> {
  const { CIFAR_ARCHIVES, downloadCifar } = await import("../../dataset-tools/download/cifar.js");
  const { formatBytes } = await import("../../support/units.js");
  const controller = new AbortController();
  using interruption = onInterrupt("ending; run it again to continue");
  interruption.signal.addEventListener("abort", () => {
    controller.abort(interruption.error("interrupted"));
  });
  using progress = progressDisplay(process.stderr);
  const show = ({ bytes, totalBytes = bytes }: DownloadProgress): void => {
    const text = `${formatBytes(bytes)} of ${formatBytes(totalBytes)}`;
    progress.show({ done: bytes, total: totalBytes, text });
  };
  const { to, format, url = null, force } = options;
  const archive = CIFAR_ARCHIVES[name][format];
  const folder = await downloadCifar(archive, {
    to,
    url,
    force,
    signal: controller.signal,
    onProgress: show,
  });
  progress[Symbol.dispose]();
  const reported = output(options);
  reported.say(`${folder} holds ${name}; use --data ${to}`);
  reported.value({ name, format, folder, md5: archive.md5 });
}
