/**
 * Reads the changed files FROM … of one target in a process of its own: worker.ts TARGET FROM COUNT FOLDER [PROGRAM]. A line
 * of JSON for each file that is a fault or takes long; before each file its number goes into FOLDER/number, so that who looks
 * on knows at which one this process hung or ended. PROGRAM reads the files in its place (read-images.cpp).
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { jpeg } from "../../src/data/testing.fixture.js";
import { LongtailError } from "../../src/support/errors.js";
import { mutated } from "../../test/fuzz/mutate.js";
import { targets } from "../../test/fuzz/targets.js";
import { Mulberry32 } from "../../test/support/mulberry32.js";

const SLOW_MS = 1000;
const LARGE_BYTES = 1e9;

const [name = "", from = "0", count = "0", folder = "", program = ""] = process.argv.slice(2);
const { file, seeds, tokens, ...target } = targets[name]!;
const read = program === "" ? target.read : readerOf(program);
const path = join(folder, file);
const all = seeds();
process.removeAllListeners("warning");
writeFileSync(join(folder, "a.jpg"), jpeg());
writeFileSync(path, all[0]!);
await Promise.resolve(path)
  .then(read)
  .catch(() => undefined); // loads the addon and the engine
let peak = process.resourceUsage().maxRSS * 1024;

for (let number = Number(from); number < Number(from) + Number(count); number++) {
  writeFileSync(join(folder, "number"), String(number));
  writeFileSync(path, mutated(all, tokens, new Mulberry32(number)));
  const started = performance.now();
  let raw: string | null = null;
  try {
    await read(path);
  } catch (error) {
    if (!(error instanceof LongtailError)) raw = String(error instanceof Error ? error.stack : error);
  }
  const ms = performance.now() - started;
  const now = process.resourceUsage().maxRSS * 1024;
  const grown = now - peak;
  peak = now;
  if (raw !== null || ms > SLOW_MS || grown > LARGE_BYTES)
    process.stdout.write(`${JSON.stringify({ number, ms: Math.round(ms), grown, raw })}\n`);
}
process.stdout.write(`${JSON.stringify({ done: Number(from) + Number(count), peak })}\n`);
process.exit();

/** A program that answers a line to each path; when it ends, so does this process, with what it said. */
function readerOf(path: string): (file: string) => Promise<void> {
  const child = spawn(path, { stdio: ["pipe", "pipe", "inherit"] });
  child.on("close", (code, signal) => process.exit(signal === null ? (code ?? 1) : 1));
  return async (one) => {
    child.stdin.write(`${one}\n`);
    await once(child.stdout, "data");
  };
}
