import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import type { DataArguments } from "../data-arguments.js";
import { newDataCommand } from "../../options.js";
import { output } from "../../output.js";
import { counted, shellQuoted } from "../../../support/text.js";

interface InfoArguments extends DataArguments {
  readonly svg?: string | undefined;
  readonly json: boolean;
}

const examples = `
Says how many images each class has and how uneven that is, what the images are like, and where to start from: method,
sampling, network and schedule, each with the reason and its source. It opens headers of some images and decodes none.

Examples:
  longtail data info --data my-photos
  longtail data info cifar100-lt-ncl --data cifar-100-binary
  longtail data info --data places --set data.trainFile=Places_LT_train.txt --set data.testFile=Places_LT_test.txt
  longtail data info --data my-photos --svg long-tail.svg`;

export function infoCommand(): CommandUnknownOpts {
  return newDataCommand("info")
    .description("what data is like, and what to start from: counts, imbalance, image sizes, advice")
    .option("--svg <file>", "write a picture of the class sizes")
    .addHelpText("after", examples)
    .action(info);
}

async function info(recipe: string | undefined, settings: string[], options: InfoArguments): Promise<void> {
  const { chooseData } = await import("../data-arguments.js");
  const { startCommand } = await import("./action.js");
  const { adviceText, classPlot, infoText, readDataInfo } =
    await import("../../../dataset-tools/info/info.js");
  const chosen = await chooseData(recipe, settings, options);
  const found = await readDataInfo(chosen.data, {
    rule: chosen.groups,
    onNoTest: (message) => process.stderr.write(`note: ${message}\n`),
  });
  const command = startCommand(found.start, chosen);
  const fit = `longtail fit ${shellQuoted(chosen.data.root)}`;
  const to = output(options);
  const { kind, classes } = found.train;
  to.say(`${chosen.data.root}: ${kind}, ${counted(classes.length, "class", "classes")}\n`);
  to.say(`${infoText(found)}\n\n${adviceText(found, { command, fit })}`);
  if (options.svg !== undefined) {
    const { writeFileAtomic } = await import("../../../support/atomic-file.js");
    writeFileAtomic(options.svg, classPlot(found));
    to.say(`\nThe class sizes as a picture: ${options.svg}`);
  }
  to.value({ name: chosen.name, ...found, command });
}
