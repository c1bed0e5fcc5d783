// Requests a second and their 99th percentile of `longtail serve` and of FastAPI with Python's onnxruntime, for the same model, the
// same JPEG photograph of 500 x 400 and the same client, one after the other in rounds, so that a busy machine slows both.
//   node bench/serve.mjs MODEL.onnx --python PYTHON [--rounds 3] [--seconds 5] [--warm-up 60]
// Both servers answer for --warm-up seconds first: Node.js compiles what it runs often in the first minute, and a server runs for days.
// With --minutes M instead: longtail serve alone under more clients than may wait, its memory, every status, and SIGTERM at the end.
// PYTHON has fastapi, uvicorn, onnxruntime, pillow and numpy: python3 -m venv VENV && VENV/bin/pip install fastapi uvicorn …
import { once } from "node:events";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { median } from "./support/paired.mjs";
import { askUntil, cpuSeconds, freePort, makePhotograph, residentMb, start } from "./serve/load.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const CLIENTS = [1, 8, 64];
/** Clients of a load that lasts: more than the requests that may wait, so that some are refused. */
const FULL_LOAD = { clients: 96, queue: 64 };
/** Time before each measurement in which the clients already ask. */
const LEAD_MS = 500;
/** Clients while the servers warm up: both a lone request and several at once come. */
const WARMING_CLIENTS = [1, 8];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: "string" },
    minutes: { type: "string" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "5" },
    "warm-up": { type: "string", default: "60" },
  },
});
const [model] = positionals;
if (model === undefined || values.python === undefined)
  throw new Error(
    "usage: node bench/serve.mjs MODEL.onnx --python PYTHON [--rounds 3] [--seconds 5] [--warm-up 60] [--minutes 10]",
  );
const photograph = makePhotograph(values.python, root);

async function longtail(...flags) {
  const port = await freePort();
  const args = [join(root, "bin/longtail.js"), "serve", model, "--port", String(port), "--quiet", ...flags];
  return start(process.execPath, args, { port, photograph });
}

async function fastapi() {
  const port = await freePort();
  const args = [join(root, "bench/serve/fastapi_server.py"), model, String(port)];
  return start(values.python, args, { port, photograph });
}

function askFor(server, { clients, ms }) {
  const end = performance.now() + ms;
  return askUntil(server, { clients, isOver: () => performance.now() > end });
}

async function warmUp(server, seconds) {
  for (const clients of WARMING_CLIENTS)
    await askFor(server, { clients, ms: (1000 * seconds) / WARMING_CLIENTS.length });
}

/** What a server does for some seconds. */
async function load(server, clients, seconds) {
  await askFor(server, { clients, ms: LEAD_MS });
  const cpu = cpuSeconds(server.child);
  const started = performance.now();
  const { times, statuses } = await askFor(server, { clients, ms: 1000 * seconds });
  const elapsed = (performance.now() - started) / 1000;
  const cpuMs = (1000 * (cpuSeconds(server.child) - cpu)) / times.length;
  times.sort((a, b) => a - b);
  const answers = [...statuses.values()].reduce((sum, count) => sum + count, 0);
  return {
    rate: times.length / elapsed,
    p99: times[Math.floor(0.99 * times.length)] ?? NaN,
    cpuMs,
    failures: answers - times.length,
  };
}

async function compare() {
  const servers = { longtail: await longtail(), fastapi: await fastapi() };
  try {
    for (const server of Object.values(servers)) await warmUp(server, Number(values["warm-up"]));
    for (const clients of CLIENTS) {
      const found = { longtail: [], fastapi: [] };
      for (let round = 0; round < Number(values.rounds); round++)
        for (const [name, server] of Object.entries(servers))
          found[name].push(await load(server, clients, Number(values.seconds)));
      const of = (name, key) => median(found[name].map((one) => one[key]));
      const ratio = (key) => median(found.longtail.map((one, k) => one[key] / found.fastapi[k][key]));
      const failures = Object.values(found)
        .flat()
        .reduce((sum, one) => sum + one.failures, 0);
      const text = (name) =>
        `${name} ${of(name, "rate").toFixed(1)}/s, p99 ${of(name, "p99").toFixed(0)} ms, ` +
        `${of(name, "cpuMs").toFixed(1)} ms of processor each`;
      console.log(
        `${String(clients).padStart(2)} clients: ${text("longtail")}; ${text("fastapi")}; ${ratio("rate").toFixed(2)} times the ` +
          `requests for ${ratio("cpuMs").toFixed(2)} of the processor's time; ${failures} not answered`,
      );
    }
  } finally {
    for (const { child } of Object.values(servers)) child.kill();
  }
}

async function lasting(minutes) {
  const server = await longtail("--queue", String(FULL_LOAD.queue));
  let isOver = false;
  const started = performance.now();
  const asked = askUntil(server, { clients: FULL_LOAD.clients, isOver: () => isOver });
  for (let tenth = 1; tenth <= 10; tenth++) {
    await setTimeout(6000 * minutes);
    console.log(
      `${(tenth * minutes * 6).toFixed(0).padStart(4)} s: ${residentMb(server.child).toFixed(0)} MB`,
    );
  }
  const ended = once(server.child, "exit");
  server.child.kill("SIGTERM");
  const [code] = await ended;
  const elapsed = (performance.now() - started) / 1000;
  isOver = true;
  const { statuses } = await asked;
  const counted = [...statuses].map(([status, count]) => `${count} x ${status}`).join(", ");
  console.log(
    `${(statuses.get(200) / elapsed).toFixed(1)}/s for ${elapsed.toFixed(0)} s: ${counted}; exit code ${code}`,
  );
  for (const status of statuses.keys())
    if (![200, 429, "ECONNREFUSED"].includes(status)) throw new Error(`expected 200 or 429, found ${status}`);
}

await (values.minutes === undefined ? compare() : lasting(Number(values.minutes)));
