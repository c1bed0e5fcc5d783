// What recipes/measured.json holds, and the documents that are made of it.
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import { measured, measurements, parseMeasured } from "../../dist/recipes/measured.js";
import { resultsMarkdown } from "../../dist/results/markdown.js";
import { writeFileAtomic } from "../../dist/support/atomic-file.js";
import { spread, spreadText } from "../../dist/support/spread.js";

const project = fileURLToPath(new URL("../..", import.meta.url));
const FILE = join(project, "recipes/measured.json");
const RECORD = join(project, "recipes/record");
const RESULTS = "results.md";
/** README's table is made of rows, the others are in measured.json as tables. */
const QUICKSTART = "quickstart";
const MARKED = /(<!-- measured: (\S+), written by bench\/record.mjs -->\n)[^]*?(<!-- \/measured -->)/g;
const GROUPS = ["all", "many", "medium", "few"];

/** Rows of a folder that `longtail results run` wrote. @throws when it is none, or a row is not as it should be. */
export function rowsOf(folder) {
  const path = join(folder, "results.json");
  if (!existsSync(path))
    throw new Error(`${folder}: expected results.json, as \`longtail results run\` writes it`);
  return parseMeasured({ rows: JSON.parse(readFileSync(path, "utf8")).rows, tuning: {} }).rows;
}

/** Adds the rows of result folders, or replaces those of the same name and seed, with what proves them. */
export async function saveRows(folders) {
  const found = folders.flatMap((folder) => rowsOf(folder));
  const isNew = ({ name, seed }) => found.some((row) => row.name === name && row.seed === seed);
  for (const folder of folders)
    for (const name of existsSync(join(folder, "record")) ? readdirSync(join(folder, "record")) : []) {
      rmSync(join(RECORD, name), { recursive: true, force: true });
      cpSync(join(folder, "record", name), join(RECORD, name), { recursive: true });
    }
  const { rows, ...others } = measured();
  await save({ ...others, rows: [...rows.filter((row) => !isNew(row)), ...found] });
}

/** Replaces the named recipes' comparison of rates. */
export async function saveTuning(changes) {
  const { tuning, ...others } = measured();
  await save({ ...others, tuning: { ...tuning, ...changes } });
}

/** Adds tables that documents show, or replaces those of the same name. */
export async function saveTables(changes) {
  const { tables, ...others } = measured();
  await save({ ...others, tables: { ...tables, ...changes } });
}

async function save(content) {
  const byName = (a, b) => a.name.localeCompare(b.name) || a.seed - b.seed;
  const sorted = parseMeasured({ ...content, rows: content.rows.toSorted(byName) });
  const options = { ...(await resolveConfig(FILE)), filepath: FILE };
  writeFileAtomic(FILE, await format(JSON.stringify(sorted), options));
  writeDocuments(sorted);
}

export function writeDocuments(content = measured()) {
  for (const { path, text, expected } of documents(content))
    if (text !== expected) writeFileAtomic(path, expected);
}

/** Documents that show measured.json, as they are and as they should be: docs/results.md, and all that have marked tables. */
export function documents(content = measured()) {
  const pages = readdirSync(join(project, "docs"))
    .filter((name) => name.endsWith(".md") && name !== RESULTS)
    .map((name) => `docs/${name}`);
  return [resultsPage(content), ...["README.md", ...pages].map((name) => withTables(name, content))];
}

function resultsPage({ rows }) {
  const path = join(project, "docs", RESULTS);
  const text = existsSync(path) ? readFileSync(path, "utf8") : "";
  const note =
    "Written by `npm run bench:record` from [recipes/measured.json](../recipes/measured.json); do not edit. Every row's recipe, result, " +
    "epochs and report are in `recipes/record`. [A table of results](guide.md#a-table-of-results) says how to add rows of your own.\n\n";
  const page = resultsMarkdown(rows).replace("# Results\n\n", `# Results\n\n${note}`);
  return { name: `docs/${RESULTS}`, path, text, expected: page };
}

function withTables(name, content) {
  const path = join(project, name);
  const text = readFileSync(path, "utf8");
  const expected = text.replace(MARKED, (_, begin, table, end) => {
    if (table === QUICKSTART) return `${begin}${quickstartTable(measurements(content))}${end}`;
    const found = content.tables[table];
    if (found === undefined)
      throw new Error(
        `${name}: expected a table of recipes/measured.json (${Object.keys(content.tables).join(", ")}), found ${table}`,
      );
    return `${begin}${markdownTable(found)}${end}`;
  });
  return { name, path, text, expected };
}

const line = (cells) => `| ${cells.join(" | ")} |\n`;

function markdownTable({ columns, rows, note, date, commit, machine }) {
  const cells = ({ name, values }) => [
    name,
    ...values.map((ofSeeds, index) => spreadText(spread(ofSeeds), columns[index].digits).replace(/^-/, "−")),
  ];
  return [
    line(["", ...columns.map(({ name }) => name)]),
    line(["---", ...columns.map(() => "---")]),
    ...rows.map((row) => line(cells(row))),
    `\n${note} Measured on ${machine}, ${date}, commit ${commit.slice(0, 7)}.\n`,
  ].join("");
}

const cell = (accuracy) => spreadText(accuracy) ?? "";

/** Rows of README's table: quickstart's, and what else is known of their runs. */
const README_ROWS = [
  ["caltech20-lt-ce", "cross-entropy, one ResNet-8", ({ ensemble }) => ensemble],
  ["caltech20-lt-balanced-softmax", "balanced softmax, one ResNet-8", ({ ensemble }) => ensemble],
  ["caltech20-lt-balanced-softmax-3", "balanced softmax, mean of three ResNet-8", ({ ensemble }) => ensemble],
  ["caltech20-lt-ncl", "NCL, three ResNet-8", ({ ensemble }) => ensemble],
  ["caltech20-lt-ncl", "NCL, its first network alone", ({ experts }) => experts[0]],
  ["caltech20-lt-pretrained", "pretrained EfficientNet-Lite0, balanced softmax", ({ ensemble }) => ensemble],
];

function quickstartTable(found) {
  const { seeds, rows } = found["caltech20-lt-ncl"];
  const [{ epochs, machine, threads, started, commit }] = rows;
  return [
    "| accuracy, % | all | many | medium | few |\n|---|---|---|---|---|\n",
    ...README_ROWS.map(([recipe, name, pick]) => {
      const groups = pick(found[recipe]);
      return line([name, ...GROUPS.map((group) => cell(groups[group]))]);
    }),
    `\nMean ± standard deviation of \`npx longtail quickstart --seed N\` over seeds ${listed(seeds)}, ${epochs.of} epochs from random weights; ` +
      `${machine}, ${threads === 1 ? "1 thread" : `${threads} threads`} (${started.slice(0, 10)}, commit ${commit.slice(0, 7)}).\n`,
  ].join("");
}

function listed(numbers) {
  return numbers.length < 2 ? numbers.join("") : `${numbers.slice(0, -1).join(", ")} and ${numbers.at(-1)}`;
}
