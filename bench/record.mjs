// Puts finished runs of one recipe, a run for each seed, into recipes/measured.json; --check compares README's table with it.
//   npm run bench:record -- RUN… [--commit HASH] [--machine TEXT] [--write]
//   npm run bench:record -- --check
import { parseArgs } from "node:util";
import {
  currentCommit,
  measurementOf,
  printMeasurement,
  readmeTable,
  saveMeasurements,
} from "./support/measured.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    commit: { type: "string" }, // of the code that trained the runs; default: the current one
    machine: { type: "string" }, // which trained them; default: this one
    write: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
  },
});

function record(runs) {
  const { commit = currentCommit(), machine } = values;
  const measured = measurementOf(runs, {
    commit,
    machine,
    provenance: "bench/record.mjs, from the runs' result.json",
  });
  printMeasurement(measured);
  if (values.write) saveMeasurements({ [measured.name]: measured.measurement });
}

function check() {
  const { text, expected } = readmeTable();
  if (values.write) return saveMeasurements({});
  if (text === expected) return;
  console.error(
    "README.md: expected the numbers of recipes/measured.json, found others; --check --write corrects them",
  );
  process.exitCode = 1;
}

if (values.check) check();
else if (positionals.length > 0) record(positionals);
else throw new Error("expected the folders of finished runs, or --check");
