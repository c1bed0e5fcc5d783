// Start-up: `longtail recipes` (must not load the engine) and the engine's load, each as whole processes.
//   npm run bench:start -- [--runs 15]
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { median } from "./support/paired.mjs";

const { values } = parseArgs({ options: { runs: { type: "string", default: "15" } } });
const path = (file) => fileURLToPath(new URL(file, import.meta.url));
const settings = new URL("../dist/torch/settings.js", import.meta.url);
const loadEngine = `const { engineInfo } = await import("${settings}"); engineInfo();`;
const commands = {
  "node, nothing": ["--eval", "0"],
  "longtail recipes": [path("../bin/longtail.js"), "recipes"],
  "engine load": ["--input-type=module", "--eval", loadEngine],
};

const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
for (let run = 0; run < Number(values.runs); run++) {
  for (const [name, args] of Object.entries(commands)) {
    const started = performance.now();
    execFileSync(process.execPath, args, { stdio: "ignore" });
    times[name].push((performance.now() - started) / 1000);
  }
}
for (const [name, seconds] of Object.entries(times)) {
  const spread = `${Math.min(...seconds).toFixed(2)} … ${Math.max(...seconds).toFixed(2)}`;
  console.log(`${name.padEnd(20)} median ${median(seconds).toFixed(2)} s (${spread})`);
}
