import { Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { engineInfo, installEngine } from "../../index.js";
import { newCommand } from "../options.js";
import { output } from "../output.js";
import { counted } from "../../support/text.js";

const examples = `
The engine is libtorch, PyTorch's C++ core. It is looked for in this order:
  1. LONGTAIL_TORCH: the folder of an unpacked libtorch, or the torch folder of an installed PyTorch
  2. the cache: $XDG_CACHE_HOME/longtail (default ~/.cache/longtail), with CUDA before without
It must be exactly the version that longtail was made for. After a change of the engine run \`npm run setup\`.

Examples:
  longtail engine info
  longtail engine install            about 130 MB to download; for CPUs
  longtail engine install --cuda     about 2.5 GB to download; for NVIDIA GPUs`;

export function engineCommand(): CommandUnknownOpts {
  return new Command("engine")
    .description("show or install the engine (libtorch)")
    .addCommand(infoCommand())
    .addCommand(installCommand())
    .addHelpText("after", examples);
}

function infoCommand() {
  return newCommand("info")
    .description("where the engine is, its version, and what it can use on this machine")
    .action(showInfo);
}

function installCommand() {
  return newCommand("install")
    .description("download the engine and unpack it into the cache")
    .option("--cuda", "with what NVIDIA GPUs need", false)
    .option("--force", "install again though it is there", false)
    .action(install);
}

async function showInfo(options: { json: boolean }): Promise<void> {
  const info = await engineInfo();
  const to = output(options);
  to.say(
    `libtorch ${info.version} in ${info.root} (from ${info.origin === "cache" ? "the cache" : info.origin})`,
  );
  to.say(
    `devices ${info.devices.join(", ")}; ${counted(info.threads, "thread")}; vector instructions ${info.cpuCapability}`,
  );
  to.value(info);
}

async function install(options: { cuda: boolean; force: boolean; json: boolean }): Promise<void> {
  const { installProgress } = await import("./install-progress.js");
  const { cuda, force } = options;
  const to = output(options);
  using progress = installProgress(to.people);
  const location = await installEngine({ cuda, force, onProgress: progress.show });
  progress.end();
  to.say(`libtorch ${location.version} is in ${location.root}`);
  to.value(location);
}
