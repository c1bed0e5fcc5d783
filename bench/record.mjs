// Puts what `longtail results run` found into recipes/measured.json, its evidence into recipes/record, and the tables made of it into
// docs/results.md and README.md; --check compares these with it.
//   npm run bench:record -- RESULTS… --write
//   npm run bench:record -- --check [--write]
import { parseArgs } from "node:util";
import { documents, rowsOf, saveRows, writeDocuments } from "./support/measured.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    check: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});

async function record(folders) {
  const rows = folders.flatMap((folder) => rowsOf(folder));
  for (const { name, seed, state, epochs, ensemble } of rows)
    console.log(
      `${name}, seed ${seed}: ${state}, ${epochs.done} of ${epochs.of} epochs, ${ensemble?.all ?? "no"} % all`,
    );
  if (values.write) await saveRows(folders);
}

function check() {
  if (values.write) return writeDocuments();
  for (const { name, text, expected } of documents()) {
    if (text === expected) continue;
    console.error(
      `${name}: expected the numbers of recipes/measured.json, found others; npm run bench:record -- --check --write corrects them`,
    );
    process.exitCode = 1;
  }
}

if (values.check) check();
else if (positionals.length > 0) await record(positionals);
else throw new Error("expected folders that `longtail results run` wrote, or --check");
