// Changes bytes of whole files of every format at random and reads them: every reader of files that others write. Prints for
// each how many files were tried, and how many ended the process, hung, took more than a second or more than 1 GB, or gave a
// raw error. The number of a file makes it again: `--from NUMBER --files 1 --target NAME --keep` leaves it behind.
//   npm run bench:fuzz -- [--files 2000] [--from 0] [--target NAME,…] [--keep]
//   npm run bench:fuzz -- --sanitize      the image readers, compiled with AddressSanitizer and UBSan
// Ends with 1 when anything is found.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clearTimeout, setTimeout } from "node:timers";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { sanitized } from "./fuzz/sanitized.mjs";

const HANG_MS = 20_000;
const FILES_OF_PROCESS = 500; // a new process now and then: memory is that of a process
const MAX_SHOWN = 5;

const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({
  options: {
    files: { type: "string", default: "2000" },
    from: { type: "string", default: "0" },
    target: { type: "string" },
    keep: { type: "boolean", default: false },
    sanitize: { type: "boolean", default: false },
  },
});
const folder = mkdtempSync(join(tmpdir(), "longtail-fuzz-"));

/** Runs a program that reads files one after the other; `hang` is called when it is at one file for too long. */
function run(command, args) {
  rmSync(join(folder, "number"), { force: true });
  const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  let [out, error, last, timer, hung] = ["", "", "", undefined, false];
  const current = () =>
    existsSync(join(folder, "number")) ? readFileSync(join(folder, "number"), "utf8") : "";
  const look = () => {
    const now = current();
    if (now === last && now !== "") {
      hung = true;
      child.kill("SIGKILL");
      return;
    }
    last = now;
    timer = setTimeout(look, HANG_MS);
  };
  timer = setTimeout(look, HANG_MS);
  child.stdout.on("data", (data) => (out += data));
  child.stderr.on("data", (data) => (error = (error + data).slice(-4000)));
  return new Promise((resolve) => {
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      const lines = out.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
      resolve({ code, signal, hung, lines, error, at: Number(current() || "none") });
    });
  });
}

const program = values.sanitize ? [sanitized(root)] : [];
const viteNode = ["node_modules/vite-node/vite-node.mjs", "--config", "vitest.config.ts"];

function work(name, from, count) {
  const args = [name, String(from), String(count), folder, ...program];
  return run(process.execPath, [...viteNode, "bench/fuzz/worker.ts", ...args]);
}

async function fuzz(name) {
  const result = { name, files: 0, crashes: 0, hangs: 0, slow: 0, large: 0, raw: 0, peak: 0, shown: [] };
  const end = Number(values.from) + Number(values.files);
  for (let from = Number(values.from); from < end;) {
    const count = Math.min(FILES_OF_PROCESS, end - from);
    const { code, signal, hung, lines, error, at } = await work(name, from, count);
    for (const { number, ms, grown, raw } of lines.filter((line) => line.number !== undefined)) {
      if (ms > 1000) result.slow += 1;
      if (grown > 1e9) result.large += 1;
      if (raw !== null) result.raw += 1;
      result.shown.push(
        `file ${number}: ${ms} ms, ${Math.round(grown / 1e6)} MB more${raw === null ? "" : `, ${raw}`}`,
      );
    }
    const done = lines.find((line) => line.done !== undefined);
    result.peak = Math.max(result.peak, done?.peak ?? 0);
    if (done === undefined && Number.isNaN(at)) throw new Error(`${name}: no file was read: ${error}`);
    if (done === undefined) {
      result[hung ? "hangs" : "crashes"] += 1;
      result.shown.push(
        `file ${at}: ${hung ? `no end after ${HANG_MS / 1000} s` : `${signal ?? code}`} ${error.slice(-1500)}`,
      );
    }
    const next = done?.done ?? at + 1;
    result.files += next - from;
    from = next;
  }
  return result;
}

const images = ["jpeg", "png", "webp"]; // of those the sanitizers know
const otherImages = ["gif", "tiff", "bmp", "avif", "heic"];
const readers = [
  ...[
    "pth",
    "safetensors",
    "cifar-pickle",
    "cifar-binary",
    "tar",
    "list",
    "csv",
    "annotations",
    "inaturalist",
  ],
  ...["class-names", "parquet", "recipe", "onnx"],
];
const names =
  values.target?.split(",") ?? (values.sanitize ? images : [...readers, ...images, ...otherImages]);
console.log("reader         files  crashes  hangs  over 1 s  over 1 GB  raw errors  peak, MB");
let found = 0;
for (const name of names) {
  const { shown, ...row } = await fuzz(name);
  const cells = [row.files, row.crashes, row.hangs, row.slow, row.large, row.raw, Math.round(row.peak / 1e6)];
  console.log(
    name.padEnd(13) + cells.map((cell, i) => String(cell).padStart([7, 9, 7, 10, 11, 12, 10][i])).join(""),
  );
  for (const line of shown.slice(0, MAX_SHOWN)) console.log(`  ${line}`);
  found += row.crashes + row.hangs + row.slow + row.large + row.raw;
}
if (values.keep) console.log(folder);
else rmSync(folder, { recursive: true, force: true });
process.exitCode = found > 0 ? 1 : 0;
