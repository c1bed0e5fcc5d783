// Clients that load a server with requests for predictions, and what the server's process takes meanwhile.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

/** A photograph of 500 x 400, as phones and web sites send them. */
export function makePhotograph(python, root) {
  const folder = mkdtempSync(join(tmpdir(), "longtail-bench-"));
  const path = join(folder, "photograph.jpg");
  const from = join(root, "examples/caltech20-lt/test/helicopter");
  const code =
    "import sys; from PIL import Image; Image.open(sys.argv[1]).convert('RGB').resize((500, 400)).save(sys.argv[2], quality=85)";
  execFileSync(python, ["-c", code, join(from, readdirSync(from).sort()[0]), path]);
  const content = readFileSync(path);
  rmSync(folder, { recursive: true });
  return content;
}

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Starts a server and waits until it answers. */
export async function start(command, args, { port, photograph }) {
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "inherit"] });
  const server = { child, address: `http://127.0.0.1:${port}/predict`, photograph };
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${command} ended with ${child.exitCode}`);
    try {
      await ask(server, new Agent());
      return server;
    } catch {
      await setTimeout(200);
    }
  }
}

/** One request; resolves to the status, or to the error's code where there is no answer. */
export function ask({ address, photograph }, agent) {
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
export function cpuSeconds({ pid }) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Memory of a process, in MB. */
export function residentMb({ pid }) {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1000;
}

/** Clients that ask one request after the other until `isOver`; how often each status came, and the times of answers in ms. */
export async function askUntil(server, { clients, isOver }) {
  const agent = new Agent({ keepAlive: true });
  const times = [];
  const statuses = new Map();
  const client = async () => {
    while (!isOver()) {
      const started = performance.now();
      const status = await ask(server, agent).catch((error) => error.code);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (status === 200) times.push(performance.now() - started);
      if (status === "ECONNREFUSED") return;
      if (status === 429) await setTimeout(100);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  agent.destroy();
  return { times, statuses };
}
