// Images a second of `longtail predict` on a folder of photographs, beside Python's onnxruntime and Pillow in two processes, in turns,
// with the processor time of both and whether they predict the same classes. longtail takes the run that MODEL.onnx was
// exported from, where it is given, or MODEL.onnx.
//   node bench/predict.mjs MODEL.onnx FOLDER --python PYTHON [--run RUN] [--rounds 3]
// PYTHON has onnxruntime, pillow and numpy: python3 -m venv VENV && VENV/bin/pip install onnxruntime pillow numpy
import { execFile } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parse } from "csv-parse/sync";
import { median } from "./support/paired.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { python: { type: "string" }, run: { type: "string" }, rounds: { type: "string", default: "3" } },
});
const [model, folder] = positionals;
if (folder === undefined || values.python === undefined)
  throw new Error("usage: node bench/predict.mjs MODEL.onnx FOLDER --python PYTHON [--run RUN] [--rounds 3]");

/** Runs a program to its end: what it printed, its time and, by bash's clock, that of its processes. */
function timed(command, args) {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const shell = ["-c", 'TIMEFORMAT="%U %S"; time "$@"', "bash", command, ...args];
    execFile("bash", shell, { maxBuffer: 1 << 28 }, (error, stdout, stderr) => {
      if (error !== null) return reject(error);
      const [user, system] = stderr.trim().split("\n").at(-1).split(" ").map(Number);
      resolve({ stdout, seconds: (performance.now() - started) / 1000, cpu: user + system });
    });
  });
}

const programs = {
  longtail: async () => {
    const command = [join(root, "bin/longtail.js"), "predict", values.run ?? model, folder, "--top", "1"];
    const ended = await timed(process.execPath, [...command, "--format", "csv", "--quiet"]);
    const rows = parse(ended.stdout, { columns: true });
    return { ...ended, found: new Map(rows.map((row) => [row.image, row.class_1])) };
  },
  python: async () => {
    const ended = await timed(values.python, [join(root, "bench/predict/pillow.py"), model, folder]);
    return { ...ended, found: new Map(JSON.parse(ended.stdout)) };
  },
};

const rounds = [];
for (let round = 0; round < Number(values.rounds); round++)
  rounds.push({ longtail: await programs.longtail(), python: await programs.python() });
const [{ longtail, python }] = rounds;
const images = longtail.found.size;
const same = [...longtail.found].filter(([image, label]) => python.found.get(image) === label).length;
for (const name of Object.keys(programs)) {
  const seconds = median(rounds.map((round) => round[name].seconds));
  const cpu = median(rounds.map((round) => round[name].cpu));
  console.log(
    `${name}: ${(images / seconds).toFixed(1)} images/s, ${((1000 * cpu) / images).toFixed(1)} ms of processor each`,
  );
}
const ratio = (key) => median(rounds.map((round) => round.python[key] / round.longtail[key])).toFixed(2);
console.log(
  `${ratio("seconds")} times the images a second, ${ratio("cpu")} times by processor time; ${same} of ${images} the same class`,
);
