// Requests a second and their 99th percentile of `longtail serve` and of FastAPI with Python's onnxruntime, for the same model, the
// same JPEG photograph of 500 x 400 and the same client, one after the other in rounds, so that a busy machine slows both.
//   node bench/serve.mjs MODEL.onnx --python PYTHON [--rounds 3] [--seconds 5]
// PYTHON has fastapi, uvicorn, onnxruntime, pillow and numpy: python3 -m venv VENV && VENV/bin/pip install fastapi uvicorn …
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const CLIENTS = [1, 8, 64];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    python: { type: "string" },
    batch: { type: "string", default: "16" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "5" },
  },
});
const [model] = positionals;
if (model === undefined || values.python === undefined)
  throw new Error("usage: node bench/serve.mjs MODEL.onnx --python PYTHON [--rounds 3] [--seconds 5]");
/** A photograph of 500 x 400, as phones and web sites send them. */
function makePhotograph() {
  const folder = mkdtempSync(join(tmpdir(), "longtail-bench-"));
  const path = join(folder, "photograph.jpg");
  const from = join(root, "examples/caltech20-lt/test/helicopter");
  const code =
    "import sys; from PIL import Image; Image.open(sys.argv[1]).convert('RGB').resize((500, 400)).save(sys.argv[2], quality=85)";
  execFileSync(values.python, ["-c", code, join(from, readdirSync(from).sort()[0]), path]);
  const content = readFileSync(path);
  rmSync(folder, { recursive: true });
  return content;
}
const photograph = makePhotograph();

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Starts a server and waits until it answers. */
async function start(command, args, port) {
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"] });
  const address = `http://127.0.0.1:${port}/predict`;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}`);
    try {
      await ask(address, new Agent());
      return { child, address };
    } catch {
      await setTimeout(200);
    }
  }
}

function ask(address, agent) {
  return new Promise((resolve, reject) => {
    const sent = request(address, { method: "POST", agent, headers: { "Content-Type": "image/jpeg" } });
    sent.on("error", reject).on("response", (response) => {
      response.resume();
      response.on("error", reject).on("end", () => resolve(response.statusCode));
    });
    sent.end(photograph);
  });
}

/** Processor time of a process so far, in seconds: what a busy machine does not change. */
function cpuSeconds({ pid }) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Clients that ask one request after the other for some seconds. */
async function load({ address, child }, clients, seconds) {
  const cpu = cpuSeconds(child);
  const agent = new Agent({ keepAlive: true });
  const times = [];
  const end = performance.now() + 1000 * seconds;
  let failures = 0;
  const client = async () => {
    while (performance.now() < end) {
      const started = performance.now();
      if ((await ask(address, agent)) === 200) times.push(performance.now() - started);
      else failures += 1;
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: clients }, client));
  const elapsed = (performance.now() - started) / 1000;
  agent.destroy();
  const cpuMs = (1000 * (cpuSeconds(child) - cpu)) / times.length;
  times.sort((a, b) => a - b);
  return {
    rate: times.length / elapsed,
    p99: times[Math.floor(0.99 * times.length)] ?? NaN,
    cpuMs,
    failures,
  };
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

const [ours, theirs] = [await freePort(), await freePort()];
const servers = {
  longtail: await start(
    process.execPath,
    [join(root, "bin/longtail.js"), "serve", model, "--port", String(ours), "--batch", values.batch],
    ours,
  ),
  fastapi: await start(
    values.python,
    [join(root, "bench/serve/fastapi_server.py"), model, String(theirs)],
    theirs,
  ),
};
try {
  for (const clients of CLIENTS) {
    const found = { longtail: [], fastapi: [] };
    for (let round = 0; round < Number(values.rounds); round++)
      for (const [name, server] of Object.entries(servers))
        found[name].push(await load(server, clients, Number(values.seconds)));
    const of = (name, key) => median(found[name].map((one) => one[key]));
    const ratio = median(found.longtail.map(({ rate }, k) => rate / found.fastapi[k].rate));
    const failures = Object.values(found)
      .flat()
      .reduce((sum, one) => sum + one.failures, 0);
    console.log(
      `${String(clients).padStart(2)} clients: longtail ${of("longtail", "rate").toFixed(1)}/s, p99 ${of("longtail", "p99").toFixed(0)} ms, ${of("longtail", "cpuMs").toFixed(1)} ms of processor each; ` +
        `FastAPI ${of("fastapi", "rate").toFixed(1)}/s, p99 ${of("fastapi", "p99").toFixed(0)} ms, ${of("fastapi", "cpuMs").toFixed(1)} ms; ratio ${ratio.toFixed(2)}; ${failures} not answered`,
    );
  }
} finally {
  for (const { child } of Object.values(servers)) child.kill();
}
