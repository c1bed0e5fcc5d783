// Kills one process of a training of several (SIGKILL) in the middle of its steps, again and again, each rank in turn, and
// measures how long it takes until the others have said which rank is gone and all have ended. Ends with 1 when the
// launcher names another rank.
//   npm run bench:lost-rank -- [--ranks 3] [--kills 6]
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";

const { values } = parseArgs({
  options: { ranks: { type: "string", default: "3" }, kills: { type: "string", default: "6" } },
});
const ranks = Number(values.ranks);
const path = (file) => fileURLToPath(new URL(file, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "longtail-lost-rank-"));
const photographs = path("../examples/caltech20-lt");
const command = ["train", "caltech20-lt-ncl", "--data", photographs, "--out", join(folder, "run"), "--force"];
const launch = [path("../bin/longtail.js"), "launch", "--nproc", values.ranks, "--", ...command, "--json"];

/** Its processes, in order of rank. */
const childrenOf = ({ pid }) =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);

const ended = (pid) =>
  !existsSync(`/proc/${pid}`) || /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));

/** Starts a training, kills a rank at step 5; seconds until the first survivor spoke, all have ended, and the launcher has. */
async function lose(rank) {
  const launcher = spawn(process.execPath, launch, { stdio: ["ignore", "pipe", "pipe"] });
  const closed = new Promise((resolve) => launcher.once("close", resolve));
  const said = [];
  let killed = 0;
  const since = () => (performance.now() - killed) / 1000;
  createInterface({ input: launcher.stderr }).on("line", (line) => said.push({ line, seconds: since() }));
  for await (const line of createInterface({ input: launcher.stdout })) {
    const event = JSON.parse(line);
    if (event.type === "step" && event.step >= 5) break;
  }
  const processes = childrenOf(launcher);
  killed = performance.now();
  process.kill(processes[rank], "SIGKILL");
  while (!processes.every(ended)) await sleep(5);
  const gone = since();
  await closed;
  const verdict = said.at(-1)?.line ?? "nothing";
  if (verdict !== `error: rank ${rank} failed: it was ended by SIGKILL`) process.exitCode = 1;
  const first = said.find(({ line }) => /^\[\d+\] error: /.test(line));
  return { first, gone, launcher: since(), verdict };
}

console.log(`one of ${ranks} processes is killed; seconds until`);
console.log("rank   a survivor speaks   all have ended   the launcher has   what is said");
for (let i = 0; i < Number(values.kills); i += 1) {
  const { first, gone, launcher, verdict } = await lose(i % ranks);
  const columns = [
    [first?.seconds ?? NaN, 20],
    [gone, 17],
    [launcher, 19],
  ].map(([seconds, width]) => seconds.toFixed(2).padStart(width));
  console.log(`${String(i % ranks).padEnd(4)}${columns.join("")}   ${first?.line} | ${verdict}`);
}
rmSync(folder, { recursive: true });
