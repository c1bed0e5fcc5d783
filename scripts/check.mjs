// The static checks: every script of package.json whose name begins with check:, two at a time, in their order. What each says comes when
// it has ended. Fails when any of them does, after all have run.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

const AT_ONCE = 2;

const { scripts } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
const waiting = Object.keys(scripts).filter((name) => name.startsWith("check:"));
const failed = [];

/** Runs a script to its end: what it said, and whether all is well. */
function ended(name) {
  return new Promise((resolve) => {
    const child = spawn("npm", ["run", "--silent", name], { stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (more) => (text += more));
    child.on("error", (error) => resolve({ isWell: false, text: String(error) }));
    child.on("close", (code) => resolve({ isWell: code === 0, text }));
  });
}

async function work() {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
    const started = performance.now();
    const { isWell, text } = await ended(name);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    console.log(`${isWell ? "passed" : "FAILED"}: ${name} (${seconds} s)`);
    if (text.trim() !== "") console.log(text.trimEnd());
    if (!isWell) failed.push(name);
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, work));
if (failed.length > 0) {
  console.error(`failed: ${failed.join(", ")}`);
  process.exitCode = 1;
}
