import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { newCommand } from "../options.js";
import { output } from "../output.js";

const examples = `
Changes image paths in annotation JSON (fpath, or file_name as iNaturalist has it), in "path label" lists and in CSV
files. The root is made of whole folders: /data/img is not the start of /data/images/1.jpg. Everything else in the file
stays as it is, and the file is replaced whole or not at all.

Examples:
  longtail data replace-root cifar100_imbalance100_train.json --from /mnt/data3/data/cifar --to ~/data/cifar
  longtail data replace-root train.txt --from "" --to /data/places     puts a folder before relative paths
  longtail data replace-root train.csv --from /data/places --to "" --out relative.csv
  longtail data replace-root train.json --from /a --to /b --dry-run    counts, and changes nothing`;

interface ReplaceRootArguments {
  readonly from: string;
  readonly to: string;
  readonly out?: string | undefined;
  readonly column?: string | undefined;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly json: boolean;
}

export function replaceRootCommand(): CommandUnknownOpts {
  return newCommand("replace-root")
    .description("change the folder that the image paths in a file start with")
    .argument("<file>", "annotation JSON, a list or CSV")
    .requiredOption("--from <folder>", 'the paths\' start until now; "" for relative paths')
    .requiredOption("--to <folder>", 'the new start; "" makes paths relative')
    .option("--out <file>", "write the result there (default: the file is replaced)")
    .option("--column <name>", "the CSV column of paths (default: found by its name)")
    .option("--dry-run", "count the paths that would change, and write nothing", false)
    .option("--force", "replace what is at --out", false)
    .addHelpText("after", examples)
    .action(run);
}

async function run(file: string, options: ReplaceRootArguments): Promise<void> {
  const { replaceRoot } = await import("../../dataset-tools/convert/replace-root.js");
  const result = replaceRoot(file, options);
  const to = output(options);
  const { paths, changed, example } = result;
  const verb = options.dryRun ? "would change" : "changed";
  to.say(`${options.out ?? file}: ${changed} of ${paths} paths ${verb}`);
  to.say(`  ${example.before}\n  ${example.after}`);
  to.value({ file: options.out ?? file, dryRun: options.dryRun, ...result });
}
