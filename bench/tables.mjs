// Measures trained runs after training and prints tables that documents show; with --write into recipes/measured.json and the documents.
//   npm run bench:tables -- evaluation RESULTS [--write]   priors, tau-normalization and temperatures: docs/evaluation.md
//   npm run bench:tables -- precision RESULTS [--write]    float16 and int8 beside float32: docs/shipping.md
// RESULTS: the folder that `longtail results run` wrote for recipes/tables/evaluation.yaml, or for recipes/tables/quickstart.yaml.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { evaluate, exportOnnx } from "../dist/index.js";
import { spread, spreadText } from "../dist/support/spread.js";
import { rowsOf, saveTables } from "./support/measured.mjs";
import { median } from "./support/paired.mjs";

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: "boolean", default: false } },
});
const [kind, results] = positionals;

const ACCURACIES = ["all", "many", "medium", "few"];
const accuracies = (groups) => ACCURACIES.map((group) => groups[group]);
const accuracyColumns = ACCURACIES.map((name) => ({ name, digits: 1 }));

/** A row of a table, of one list of values for each seed. */
const rowOf = (name, bySeed) => ({
  name,
  values: bySeed[0].map((_, column) => bySeed.map((ofSeed) => ofSeed[column])),
});

/** Finished rows of one name by seed, with the runs' folders. */
function runsOf(name) {
  const found = rowsOf(results).filter((row) => row.name === name && row.state === "finished");
  if (found.length === 0) throw new Error(`${results}: expected finished runs of ${name}, found none`);
  return found
    .toSorted((a, b) => a.seed - b.seed)
    .map((row) => ({ ...row, folder: join(results, name, `seed-${row.seed}`) }));
}

/** Where and of what the rows were made; the day is that of the measurement. */
const provenance = ([{ commit, machine }]) => ({
  date: new Date().toISOString().slice(0, 10),
  commit,
  machine,
});

async function evaluations() {
  const [ce, ncl] = [runsOf("caltech20-lt-ce-held-out"), runsOf("caltech20-lt-ncl-held-out")];
  const each = async (runs, settings) => {
    const found = [];
    for (const { folder } of runs) found.push(await evaluate(folder, settings));
    return found;
  };
  const uniform = await each(ce, { prior: "uniform" });
  const normalized = await each(ce, { tau: 0.5 });
  const train = await each(ncl, { prior: "train" });
  const priorRows = [
    ["cross-entropy", uniform.map(({ ensemble }) => ensemble)],
    ["`--tau 0.5`", normalized.map(({ tau: [{ ensemble }] }) => ensemble)],
    ["`--prior uniform`", uniform.map(({ prior }) => prior.adjusted.ensemble)],
    ["NCL", train.map(({ ensemble }) => ensemble)],
    ["NCL, test classes weighted as in training", train.map(({ prior }) => prior.weighted.asTrained)],
    ["the same with `--prior train`", train.map(({ prior }) => prior.weighted.adjusted)],
  ];
  const temperatureRows = [
    ["cross-entropy", await each(ce, { calibrate: "global" })],
    ["NCL", await each(ncl, { calibrate: "global" })],
  ];
  const seeds = ce.map(({ seed }) => seed).join(", ");
  return {
    priors: {
      note: `Accuracy on the 400 test images in percent, mean ± standard deviation of seeds ${seeds}: \`npx longtail results run recipes/tables/evaluation.yaml --threads 1\`, then \`npm run bench:tables -- evaluation\`.`,
      ...provenance(ce),
      columns: accuracyColumns,
      rows: priorRows.map(([name, found]) => rowOf(name, found.map(accuracies))),
    },
    temperatures: {
      note: `The same runs, each with one temperature that was fitted on its ${temperatureRows[0][1][0].calibration.images} held-out images.`,
      ...provenance(ce),
      columns: CALIBRATION,
      rows: temperatureRows.map(([name, found]) => rowOf(name, found.map(calibrationValues))),
    },
  };
}

const CALIBRATION = [
  { name: "ECE, %", digits: 1 },
  { name: "with a temperature", digits: 1 },
  { name: "NLL", digits: 3 },
  { name: "with a temperature", digits: 3 },
  { name: "change of NLL", digits: 3 },
  { name: "temperature", digits: 2 },
];

function calibrationValues({ calibration: { before, after, temperature } }) {
  const [{ ece, nll }, calibrated] = [before.all, after.all];
  return [ece, calibrated.ece, nll, calibrated.nll, calibrated.nll - nll, temperature.temperature];
}

/** Milliseconds an image of each model on one thread, measured in turns. */
async function times(files, { size, batch = 8, rounds = 9 }) {
  const shape = [batch, 3, size, size];
  const images = new Tensor("float32", new Float32Array(batch * 3 * size * size), shape);
  const sessions = [];
  for (const file of files)
    sessions.push(await InferenceSession.create(file, { intraOpNumThreads: 1, interOpNumThreads: 1 }));
  const found = files.map(() => []);
  for (let round = 0; round <= rounds; round++)
    for (const [index, session] of sessions.entries()) {
      const start = performance.now();
      await session.run({ [session.inputNames[0]]: images });
      if (round > 0) found[index].push((performance.now() - start) / batch); // the first round warms up
    }
  return found.map(median);
}

async function precisions() {
  const folder = mkdtempSync(join(tmpdir(), "longtail-precision-"));
  try {
    const rows = [];
    const networks = [
      ["EfficientNet-Lite0", "caltech20-lt-pretrained", 224],
      ["3 x ResNet-8, NCL", "caltech20-lt-ncl", 32],
    ];
    for (const [network, name, size] of networks) {
      const [{ folder: run }] = runsOf(name);
      const made = [];
      for (const precision of ["float32", "float16", "int8"])
        made.push(
          await exportOnnx(run, {
            out: join(folder, `${name}-${precision}.onnx`),
            precision,
            accept: true,
            calibrate: false,
          }),
        );
      const milliseconds = await times(
        made.map(({ out }) => out),
        { size },
      );
      const before = made[1].cost.before;
      rows.push(
        ...made.map(({ bytes, cost, metadata }, index) =>
          rowOf(index === 0 ? `${network}, float32` : metadata.precision, [
            [bytes / 1e6, milliseconds[index], ...accuracies(cost?.after ?? before)],
          ]),
        ),
      );
    }
    const runs = runsOf("caltech20-lt-ncl");
    return {
      precision: {
        note: `Accuracy on the 400 test images in percent, seed ${runs[0].seed}; time of ONNX Runtime on one thread, batches of 8, median of nine rounds in turns: \`npx longtail results run recipes/tables/quickstart.yaml --threads 1\`, then \`npm run bench:tables -- precision\`.`,
        ...provenance(runs),
        columns: [{ name: "file, MB", digits: 2 }, { name: "ms an image", digits: 1 }, ...accuracyColumns],
        rows,
      },
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const kinds = { evaluation: evaluations, precision: precisions };
if (!Object.hasOwn(kinds, kind ?? "") || results === undefined)
  throw new Error(`expected ${Object.keys(kinds).join(" or ")} and a folder of results`);
const tables = await kinds[kind]();
for (const [name, { columns, rows }] of Object.entries(tables)) {
  console.log(`${name}: ${columns.map((column) => column.name).join(", ")}`);
  for (const { name: row, values } of rows)
    console.log(
      `  ${row}: ${values.map((ofSeeds, index) => spreadText(spread(ofSeeds), columns[index].digits)).join(", ")}`,
    );
}
if (options.write) await saveTables(tables);
