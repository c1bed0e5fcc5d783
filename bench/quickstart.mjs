// Measures what quickstart shows: its two recipes with several seeds, mean ± standard deviation of the accuracy by group.
// With --write into recipes/measured.json and README.md. About 3 minutes for each seed on two idle cores.
//   npm run bench:quickstart -- [--seeds 0,1,2] [--threads 2] [--out FOLDER] [--write]
import { execFileSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { currentCommit, measurementOf, printMeasurement, saveMeasurements } from "./support/measured.mjs";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "0,1,2" },
    threads: { type: "string", default: "2" },
    out: { type: "string" }, // where the runs stay; default: a new temporary folder
    set: { type: "string", multiple: true, default: [] }, // keys to change, for a trial
    write: { type: "boolean", default: false },
  },
});
if (values.write && values.set.length > 0)
  throw new Error("expected no --set with --write: it would not be quickstart");
const commit = values.write ? currentCommit() : "0".repeat(40);
const out = values.out ?? mkdtempSync(join(tmpdir(), "longtail-quickstart-"));
const longtail = fileURLToPath(new URL("../bin/longtail.js", import.meta.url));
const changes = values.set.flatMap((change) => ["--set", change]);

const folders = values.seeds.split(",").map((seed) => {
  const folder = join(out, `seed-${seed}`);
  const args = ["quickstart", "--seed", seed, "--threads", values.threads, "--out", folder, ...changes];
  execFileSync(process.execPath, [longtail, ...args], { stdio: ["ignore", "ignore", "inherit"] });
  return folder;
});

const measured = ["ce", "ncl"].map((method) =>
  measurementOf(
    folders.map((folder) => join(folder, method)),
    { commit, command: "npx longtail quickstart --seed N", provenance: "bench/quickstart.mjs" },
  ),
);
for (const one of measured) printMeasurement(one);
console.error(`runs: ${out}`);
if (values.write)
  saveMeasurements(Object.fromEntries(measured.map(({ name, measurement }) => [name, measurement])));
