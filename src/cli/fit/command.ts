import { type CommandUnknownOpts, InvalidArgumentError } from "@commander-js/extra-typings";
import { consoleListener, fit, type FitResult, writeReport } from "../../index.js";
import type { Listener } from "../../runs/events.js";
import { maxOf } from "../../support/math.js";
import { fromFolder } from "../../support/paths.js";
import { shellQuoted } from "../../support/text.js";
import { secondsSince, formatSeconds } from "../../support/units.js";
import { onInterrupt } from "../exit.js";
import { newCommand, threadsOption } from "../options.js";
import { output } from "../output.js";
import { quiet } from "../progress.js";

const examples = `
PHOTOS is a folder as you have it: photos/CLASS/*.jpg, with or without train/ and test/ folders, or a table of labels beside the
images. Without test images some are kept aside. What was computed of an image is kept, so that a second time takes seconds.

Examples:
  longtail fit my-photos --dry-run          says what it would do and about how long it takes
  longtail fit my-photos                    a model in runs/my-photos
  longtail fit my-photos --minutes 30       the same, and the network fine-tuned in the time that is left
  longtail fit my-photos --weights dinov2-s14 convnext-tiny      the better one of these networks; they are fetched
  longtail fit my-photos --out runs/birds --test-fraction 0.1`;

interface FitArguments {
  readonly out?: string | undefined;
  readonly minutes?: number | undefined;
  readonly testFraction?: number | undefined;
  readonly weights?: readonly string[] | undefined;
  readonly dryRun: boolean;
  readonly threads?: number | undefined;
  readonly json: boolean;
}

export function fitCommand(): CommandUnknownOpts {
  return newCommand("fit")
    .description("make a model of a folder of photographs, on a pretrained network, in minutes")
    .argument("<photos>", "the folder of photographs")
    .option("--out <folder>", "the run's folder (default: runs/NAME, or runs/NAME-2, …)")
    .option(
      "--minutes <m>",
      "time that it may take; what is left goes into fine-tuning the network (default: no limit, no fine-tuning)",
      positive,
    )
    .option(
      "--test-fraction <f>",
      "test images of each class where there are none, as a share of the mean class size (default: 0.2)",
      fraction,
    )
    .option(
      "--weights <names...>",
      "pretrained networks to choose among by held-out images (default: efficientnet-lite0, and others of `longtail weights list` that " +
        "are here already, as far as the time allows)",
    )
    .option("--dry-run", "say what would be done and about how long it takes, and stop", false)
    .addOption(threadsOption())
    .addHelpText("after", examples)
    .action(fitPhotos);
}

async function fitPhotos(photos: string, options: FitArguments): Promise<void> {
  const to = output(options);
  const started = performance.now();
  using interruption = onInterrupt("ending; what was computed of the images is kept");
  const { signal } = interruption;
  const show = consoleListener(to.people, { quiet: quiet() });
  const said: string[] = [];
  const shown = onceOnly(show, said);
  const command = ["longtail", ...process.argv.slice(2)];
  const result = await fit(photos, {
    ...options,
    signal,
    command,
    listeners: [shown],
    onText: (text) => {
      said.push(text.toLowerCase());
      to.say(`${text}\n`);
    },
  }).catch((error: unknown) => {
    throw signal.aborted && error === signal.reason
      ? interruption.error("interrupted; the same command goes on with what was computed of the images")
      : error;
  });
  if (result === null) return;
  const report = await writeReport(result.folder.path);
  to.say(nextSteps(result, { report, seconds: secondsSince(started) }));
  to.value({ run: result.folder.path, report, evaluation: result.evaluation, plain: result.plain });
}

/**
 * Passes on what people should see while it works: images that are looked at, features that are computed, and each warning
 * and note once, though every training of the command emits them, and notes only where no text has said them. The rest is in the
 * run's folder.
 */
function onceOnly(show: Listener, said: readonly string[]): Listener {
  const emitted = new Set<string>();
  let isTraining = false;
  return (event) => {
    if (event.type === "run") isTraining = true;
    if (event.type === "warning" || event.type === "note") {
      const { message } = event;
      const isKnown = emitted.has(message) || said.some((text) => text.includes(message.toLowerCase()));
      emitted.add(message);
      if (!isKnown) show(event);
    } else if (event.type === "cache" || event.type === "inspection") {
      const key = `${event.type === "cache" ? event.split : "looked at"} ${event.total}`;
      if (isTraining || emitted.has(key)) return;
      if (event.images === event.total) emitted.add(key); // what follows looks at the same images again
      show(event);
    }
  };
}

function nextSteps(
  { folder: { path } }: FitResult,
  { report, seconds }: { readonly report: string; readonly seconds: number },
): string {
  const here = (file: string): string => fromFolder(process.cwd(), file);
  const run = shellQuoted(here(path));
  const next = [
    [`predict ${run} photo.jpg`, "what is on a photograph"],
    [`evaluate ${run}`, "every class"],
    [`export ${run} --format web --out page`, "a page for phones; npx serve page shows it"],
    [`export ${run} --format onnx --out model.onnx`, "a file for other programs"],
    [`train ${run}`, "the same training again; `longtail reproduce` checks that every digit matches"],
  ] as const;
  const width = maxOf(next.map(([command]) => command.length));
  const lines = next.map(([command, what]) => `  npx longtail ${command.padEnd(width)}  ${what}`);
  return `Done in ${formatSeconds(seconds)}. The model is in ${here(path)}. Open its report in a browser: ${report}

Next:
${lines.join("\n")}`;
}

function positive(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Expected a number > 0.");
}

function fraction(text: string): number {
  const value = positive(text);
  if (value < 1) return value;
  throw new InvalidArgumentError("Expected a number between 0 and 1.");
}
