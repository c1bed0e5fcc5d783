// Compares learning rates for each row of quickstart on a fifth of each class's training images, held out for that, and prints the
// mean accuracy over the classes on them. With --write into recipes/measured.json. About 15 minutes for each seed on two idle cores.
//   npm run bench:quickstart -- [--seeds 0,1,2] [--threads 2] [--out FOLDER] [--rows ncl] [--write]
// Runs that are there already are kept, and interrupted ones resumed: the same command continues in the same FOLDER. What the rows
// reach with the rates that were chosen: longtail results run recipes/tables/quickstart.yaml, then npm run bench:record.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { quickstartRows } from "../dist/cli/quickstart/command.js";
import { saveTuning } from "./support/measured.mjs";

const RATES = [0.02, 0.05, 0.1, 0.2, 0.4];
/** Its rate is that of the classifier that `longtail fit` begins with. */
const NOT_TUNED = ["pretrained"];
const HELD_OUT = 0.2;

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "0,1,2" },
    threads: { type: "string", default: "2" },
    rows: { type: "string" }, // folders of rows, default: all
    out: { type: "string" }, // where the runs are and stay; default: a new temporary folder
    set: { type: "string", multiple: true, default: [] }, // keys to change, for a trial
    write: { type: "boolean", default: false },
  },
});
if (values.write && values.set.length > 0)
  throw new Error("expected no --set with --write: it would not be quickstart");
const out = values.out ?? mkdtempSync(join(tmpdir(), "longtail-quickstart-"));
const seeds = values.seeds.split(",").map(Number);
const wanted = values.rows?.split(",");
const rows = quickstartRows.filter(({ folder }) => wanted === undefined || wanted.includes(folder));
if (rows.length < (wanted?.length ?? 1))
  throw new Error(
    `--rows: expected some of ${quickstartRows.map(({ folder }) => folder).join(", ")}, found ${values.rows}`,
  );
const longtail = fileURLToPath(new URL("../bin/longtail.js", import.meta.url));
const photographs = fileURLToPath(new URL("../examples/caltech20-lt", import.meta.url));

/** Trains a recipe, resumes it, or does nothing when it is done. Returns its folder. */
function train(recipe, { folder, seed, set = [] }) {
  if (existsSync(join(folder, "result.json"))) return folder;
  const changes = [...values.set, ...set].flatMap((change) => ["--set", change]);
  const where = ["--data", photographs, "--out", folder, "--resume"];
  const args = ["train", recipe, ...where, "--seed", String(seed), "--threads", values.threads, ...changes];
  execFileSync(process.execPath, [longtail, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  return folder;
}

/** Accuracy on held-out training images after the last epoch, for each learning rate, mean over the seeds. */
function tune() {
  const tuned = rows.filter(({ folder }) => !NOT_TUNED.includes(folder));
  const scores = new Map(tuned.map((row) => [row, RATES.map(() => [])]));
  for (const seed of seeds)
    for (const row of tuned)
      for (const [k, lr] of RATES.entries()) {
        const folder = train(row.recipe, {
          folder: join(out, "tuning", row.folder, `lr-${lr}-seed-${seed}`),
          seed,
          set: [
            `optimizer.lr=${lr}`,
            "selection.kind=held-out",
            `selection.fraction=${HELD_OUT}`,
            `selection.seed=${seed}`,
            "evaluation.every=1000000", // the last epoch alone, so that no epoch is chosen
          ],
        });
        const { selectionScore } = JSON.parse(readFileSync(join(folder, "result.json"), "utf8"));
        scores.get(row)[k].push(selectionScore);
      }
  return new Map(
    [...scores].map(([row, ofRates]) => {
      const heldOut = ofRates.map(mean).map((score) => Math.round(10 * score) / 10);
      const rates = RATES.map((lr, k) => ({ lr, heldOut: heldOut[k] }));
      console.log(`${row.recipe}: ${rates.map((one) => `${one.lr}: ${one.heldOut.toFixed(1)}`).join("   ")}`);
      return [row, { fraction: HELD_OUT, seeds, rates }];
    }),
  );
}

const mean = (numbers) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;

const tuned = tune();
console.error(`runs: ${out}`);
if (values.write)
  await saveTuning(Object.fromEntries(Array.from(tuned, ([row, tuning]) => [row.recipe, tuning])));
