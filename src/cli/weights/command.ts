import { Argument, Command, type CommandUnknownOpts } from "@commander-js/extra-typings";
import { fetchWeights, listWeights, type WeightsInfo } from "../../index.js";
import { weightsNames } from "../../weights/registry.js";
import { formatTable } from "../../support/table.js";
import { formatBytes } from "../../support/units.js";
import { installProgress } from "../engine/install-progress.js";
import { newCommand } from "../options.js";
import { output } from "../output.js";

const examples = `
A recipe names them as pretrained.weights; a training fetches what is missing. They are kept in $XDG_CACHE_HOME/longtail/weights
(default ~/.cache/longtail/weights), those from the Hugging Face hub in the cache that its programs share (HF_HOME); HF_TOKEN,
HF_ENDPOINT and HF_HUB_OFFLINE mean what they mean there. Their bytes are checked each time they are used.

Examples:
  longtail weights list
  longtail weights get efficientnet-lite0
  longtail weights info efficientnet-lite0`;

export function weightsCommand(): CommandUnknownOpts {
  return new Command("weights")
    .description("list, fetch or describe the weights of pretrained networks")
    .addCommand(
      newCommand("list").description("the pretrained networks, and which of them are here").action(list),
    )
    .addCommand(
      newCommand("get")
        .description("download a network's weights into the cache")
        .addArgument(nameArgument())
        .option("--force", "download again though they are there", false)
        .action(get),
    )
    .addCommand(
      newCommand("info")
        .description("source, license, hash, preprocessing and place of a network's weights")
        .addArgument(nameArgument())
        .action(info),
    )
    .addHelpText("after", examples);
}

function nameArgument() {
  return new Argument("<name>", "a name of `longtail weights list`").choices(weightsNames);
}

function list(options: { json: boolean }): void {
  const to = output(options);
  const all = listWeights();
  const rows = all.map(({ name, trainedOn, parameters, size, license, path }) => [
    name,
    trainedOn,
    `${(parameters / 1e6).toFixed(1)} M`,
    sizeOf({ name, parameters, size }),
    license,
    path === null ? "no" : "yes",
  ]);
  to.say(formatTable(["name", "trained on", "parameters", "size", "license", "here"], rows));
  to.value(all);
}

async function get(name: string, options: { force: boolean; json: boolean }): Promise<void> {
  const to = output(options);
  using progress = installProgress(to.people);
  const path = await fetchWeights(name, { force: options.force, onProgress: progress.show });
  progress.end();
  to.say(`the weights of ${name} are in ${path}`);
  to.value({ name, path });
}

function info(name: string, options: { json: boolean }): void {
  const to = output(options);
  const found = listWeights().find((one) => one.name === name)!;
  const { preprocessing: how } = found;
  to.say(
    [
      `${found.description}; trained on ${found.trainedOn}`,
      `backbone      ${found.backbone}, ${found.parameters} parameters with its classifier`,
      `source        ${found.source} ${found.revision}, first published at ${found.homepage}`,
      `license       ${found.license}`,
      `size, sha256  ${sizeOf(found)}, ${found.sha256 ?? "as the hub says it"}`,
      `images        ${shapeOf(how)}, ${how.interpolation}; mean ${rounded(how.mean)}, std ${rounded(how.std)}`,
      `here          ${found.path ?? `no; \`longtail weights get ${name}\` fetches them`}`,
    ].join("\n"),
  );
  to.value(found);
}

/** Of files whose bytes are not known: four for each value, half as many in OpenAI's archives. */
function sizeOf({ name, parameters, size }: Pick<WeightsInfo, "name" | "parameters" | "size">): string {
  return size === null
    ? `about ${formatBytes((name.startsWith("clip-") ? 2 : 4) * parameters)}`
    : formatBytes(size);
}

function shapeOf({ fit, resize, crop }: WeightsInfo["preprocessing"]): string {
  return fit === "squash"
    ? `squashed to ${crop} x ${crop}`
    : `shorter side ${resize}; ${crop} x ${crop} from the middle`;
}

function rounded(values: readonly number[]): string {
  return values.map((value) => value.toFixed(3)).join(" ");
}
