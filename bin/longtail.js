#!/usr/bin/env node
// Runs on any Node.js with modules, so that an old one gets a line that says so. Its first statement takes SIGUSR1 from
// Node.js, which would open its debugger to every user of the machine; without a listener of the command the signal ends
// the process, as it does every other program.
import { existsSync, readFileSync } from "node:fs";
import inspector from "node:inspector";
import { setImmediate } from "node:timers";

const usr1ExitCode = 138;
process.on("SIGUSR1", () => {
  if (process.listenerCount("SIGUSR1") === 1) process.exit(usr1ExitCode);
});
endIfOpened();
setImmediate(endIfOpened);

/** A signal while Node.js itself was starting has opened it, unless it was asked for: node --inspect bin/longtail.js. */
function endIfOpened() {
  const asked = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].some((text) =>
    text.includes("--inspect"),
  );
  if (asked || inspector.url() === undefined) return;
  inspector.close();
  process.exit(usr1ExitCode);
}

/** Modules and images are read side by side. */
const minOpenFiles = 256;

/** How many files this process may have open; Linux alone says it. */
function maxOpenFiles() {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined ? Infinity : Number(soft);
  } catch {
    return Infinity;
  }
}

const [major, minor] = process.versions.node.split(".").map(Number);
const main = new URL("../dist/cli/main.js", import.meta.url);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `error: longtail needs Node.js 20.19 or newer, found ${process.versions.node}; see nodejs.org`,
  );
  process.exitCode = 1;
} else if (maxOpenFiles() < minOpenFiles) {
  console.error(
    `error: longtail needs ${minOpenFiles} open files or more, found a limit of ${maxOpenFiles()} (ulimit -n); ` +
      "raise it with `ulimit -n 1024`, or ask who set it",
  );
  process.exitCode = 1;
} else if (existsSync(main)) {
  const { run } = await import(main.href);
  process.exitCode = await run(process.argv.slice(2));
} else {
  console.error("longtail is not built yet; run `npm run setup` in its folder");
  process.exitCode = 1;
}
