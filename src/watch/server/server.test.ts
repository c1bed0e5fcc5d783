import { createServer, request, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { once } from "node:events";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { endEvent, stepEvent, toyRuns, type ToyRuns } from "../watch.fixture.js";
import { serveWatch, type WatchOptions, type WatchServer } from "./listen.js";

const files = new Map(
  ["/", "/index.html", "/assets/page.js"].map((path) => [
    path,
    { body: new TextEncoder().encode(`this is ${path}`), type: "text/html" },
  ]),
);

let runs: ToyRuns;
const servers: WatchServer[] = [];
beforeEach(() => {
  runs = toyRuns();
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  runs[Symbol.dispose]();
});

async function serve(
  options: Partial<WatchOptions> = {},
): Promise<{ server: WatchServer; port: number; base: string }> {
  const server = await serveWatch({
    folder: runs.path,
    host: "127.0.0.1",
    port: 0,
    token: false,
    files,
    ...options,
  });
  servers.push(server);
  const port = Number(new URL(server.address).port);
  return { server, port, base: `http://127.0.0.1:${port}` };
}

interface Answer {
  readonly status: number;
  readonly headers: Partial<Record<string, string | string[]>>;
  readonly text: string;
}

/** Not fetch, which sets Host itself and tidies paths. */
async function ask(
  port: number,
  path: string,
  options: { headers?: object; method?: string } = {},
): Promise<Answer> {
  const sent = request({ host: "127.0.0.1", port, path, ...options } as object).end();
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) text += chunk as string;
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}

/** Reads server-sent events until one fits. */
class Events {
  readonly seen: { event: string; data: Record<string, unknown> }[] = [];
  #rest = "";
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(response: Response) {
    this.#reader = response.body!.getReader();
  }

  async until(
    event: string,
    fits: (data: Record<string, unknown>) => boolean = () => true,
  ): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.seen.findLast((one) => one.event === event && fits(one.data));
      if (found) return found.data;
      const { done, value } = await this.#reader.read();
      if (done) throw new Error(`the stream ended before a fitting ${event}`);
      const messages = (this.#rest + new TextDecoder().decode(value)).split("\n\n");
      this.#rest = messages.pop() ?? "";
      for (const message of messages) {
        const [, name = "", data = "null"] = /^event: (.*)\ndata: (.*)$/.exec(message) ?? [];
        this.seen.push({ event: name, data: JSON.parse(data) as Record<string, unknown> });
      }
    }
  }

  close(): Promise<void> {
    return this.#reader.cancel();
  }
}

/** Whether the first run of a message is as it is described. */
function isRun(described: object) {
  return ({ runs: [run] = [] }: Record<string, unknown> & { runs?: unknown[] }): boolean =>
    Object.entries(described).every(
      ([key, value]) => (run as Record<string, unknown> | undefined)?.[key] === value,
    );
}

describe("what is served", () => {
  test("the page's files, the list, and nothing else", async () => {
    runs.begin("nested/one");
    const { port } = await serve();
    expect((await ask(port, "/")).text).toBe("this is /");
    expect((await ask(port, "/assets/page.js")).text).toBe("this is /assets/page.js");
    expect(JSON.parse((await ask(port, "/api/runs")).text)).toMatchObject({ runs: [{ id: "nested/one" }] });
    for (const path of [
      "/../package.json",
      "/%2e%2e/package.json",
      "//etc/passwd",
      "/nested/one/recipe.json",
    ])
      expect((await ask(port, path)).status, path).toBe(404);
  });

  test("a run that is not there, or outside, has no curves", async () => {
    const { base } = await serve();
    const events = new Events(await fetch(`${base}/api/events?run=../../etc&run=%2Fetc`));
    await events.until("list");
    expect(events.seen.map(({ event }) => event)).toEqual(["list"]);
    await events.close();
  });

  test("no scripts but its own, no frames, no other origins", async () => {
    const { port } = await serve();
    for (const path of ["/", "/api/runs", "/none"]) {
      const { headers } = await ask(port, path);
      expect(headers["content-security-policy"]).toMatch(
        /^default-src 'none'; script-src 'self'; style-src 'self';/,
      );
      expect(headers["content-security-policy"]).not.toContain("unsafe");
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["access-control-allow-origin"]).toBeUndefined();
    }
  });

  test("below a path that a proxy leaves in the address, and without it", async () => {
    runs.begin("one");
    const { port, server } = await serve({ basePath: "/node/gpu01/6016/", token: true });
    expect(server.address).toMatch(/\/node\/gpu01\/6016\/\?token=/);
    const authorization = `Bearer ${server.token}`;
    for (const path of ["/node/gpu01/6016/", "/"])
      expect((await ask(port, path, { headers: { authorization } })).text).toBe("this is /");
    expect((await ask(port, "/node/gpu01/6016/api/runs", { headers: { authorization } })).status).toBe(200);
    const bare = await ask(port, "/node/gpu01/6016", { headers: { authorization } });
    expect([bare.status, bare.headers["location"]]).toEqual([308, "6016/"]);
    const first = await ask(port, `/node/gpu01/6016/?token=${server.token}`);
    expect([first.status, first.headers["location"]]).toEqual([303, "./"]);
    expect((await ask(port, "/node/gpu01/60160/", { headers: { authorization } })).status).toBe(404);
    await expect(serve({ basePath: "https://hub.example.org" })).rejects.toThrow(
      "--base-path: expected a path",
    );
  });

  test("a run's report, which may do nothing beyond itself; no links, and no other files", async () => {
    runs.begin("one");
    runs.begin("linked");
    const { port } = await serve();
    const reported = async (): Promise<unknown> => JSON.parse((await ask(port, "/api/runs")).text) as unknown;
    expect(await reported()).toMatchObject({ runs: [{ hasReport: false }, { hasReport: false }] });
    expect((await ask(port, "/report?run=one")).status).toBe(404);
    mkdirSync(join(runs.path, "one/report"));
    writeFileSync(join(runs.path, "one/report/index.html"), "<!doctype html>");
    symlinkSync(join(runs.path, "one/report"), join(runs.path, "linked/report"));
    const { status, text, headers } = await ask(port, "/report?run=one");
    expect([status, text]).toEqual([200, "<!doctype html>"]);
    expect(headers["content-security-policy"]).toMatch(/^sandbox allow-scripts; default-src 'none';/);
    for (const run of ["linked", "../one", "one/report", encodeURIComponent("one/report"), ""])
      expect((await ask(port, `/report?run=${run}`)).status, run).toBe(404);
  });

  test("it only shows", async () => {
    const { port } = await serve();
    for (const method of ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
      expect((await ask(port, "/api/runs", { method })).status, method).toBe(405);
  });
});

describe("who may look", () => {
  test("on loopback, those who name this machine so: no name that was made to lead here", async () => {
    const { port } = await serve();
    for (const host of ["localhost", `localhost:${port}`, "127.0.0.1:9999", "[::1]:80"])
      expect((await ask(port, "/", { headers: { host } })).status, host).toBe(200);
    for (const host of ["attacker.example", "127.0.0.1.attacker.example", "10.0.0.7", hostname()])
      expect((await ask(port, "/", { headers: { host } })).status, host).toBe(421);
  });

  test("at another address a token is needed: in the first address, then in a cookie, or in a header", async () => {
    const { server, port } = await serve({ host: "0.0.0.0" });
    const token = server.token ?? "";
    expect(token.length).toBeGreaterThanOrEqual(32);
    expect(new URL(server.address).searchParams.get("token")).toBe(token);
    expect((await ask(port, "/")).status).toBe(401);
    expect((await ask(port, "/api/events")).status).toBe(401);
    expect((await ask(port, `/?token=${token}x`)).status).toBe(401);
    const first = await ask(port, `/?token=${token}`);
    expect([first.status, first.headers["location"]]).toEqual([303, "./"]);
    const cookie = first.headers["set-cookie"]![0]!;
    expect(cookie).toMatch(/^longtail-watch-\w+=[\w-]{32}; HttpOnly; SameSite=Lax$/); // no path: below the page alone
    expect(cookie).not.toContain(token);
    expect((await ask(port, "/", { headers: { cookie: cookie.split(";")[0] } })).status).toBe(200);
    expect((await ask(port, "/api/runs", { headers: { authorization: `Bearer ${token}` } })).status).toBe(
      200,
    );
    expect((await ask(port, "/", { headers: { authorization: "Bearer wrong" } })).status).toBe(401);
  });

  test("there, too, under the machine's own names alone", async () => {
    const { server, port } = await serve({ host: "0.0.0.0" });
    const authorization = `Bearer ${server.token}`;
    for (const [host, status] of [
      ["attacker.example", 421] as const,
      ["10.0.0.7", 200] as const,
      [hostname(), 200] as const,
    ])
      expect((await ask(port, "/", { headers: { host, authorization } })).status, host).toBe(status);
  });

  test("--token asks on loopback as well", async () => {
    const { port } = await serve({ token: true });
    expect((await ask(port, "/")).status).toBe(401);
  });

  test("a token of one's own", async () => {
    const token = "correct horse, battery";
    const { port, server } = await serve({ token });
    expect(new URL(server.address).searchParams.get("token")).toBe(token);
    expect((await ask(port, "/", { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
    await expect(serve({ token: "short" })).rejects.toThrow(
      "--token: expected at least 12 characters, found 5",
    );
  });

  test("who tries tokens has to wait; who has a cookie does not", async () => {
    const { server, port } = await serve({ token: true });
    const first = await ask(port, `/?token=${server.token}`);
    const cookie = first.headers["set-cookie"]![0]!.split(";")[0];
    for (let i = 0; i < 10; i += 1) expect((await ask(port, `/api/runs?token=wrong-${i}`)).status).toBe(401);
    for (const headers of [{ authorization: "Bearer wrong" }, { authorization: `Bearer ${server.token}` }]) {
      const answer = await ask(port, "/api/runs", { headers });
      expect([answer.status, answer.headers["retry-after"]]).toEqual([429, "6"]);
    }
    expect((await ask(port, `/?token=${server.token}`)).status).toBe(429);
    expect((await ask(port, "/api/runs", { headers: { cookie } })).status).toBe(200);
  });

  test("under a proxy's name when that is allowed", async () => {
    const { port } = await serve({ allowedHosts: ["Hub.example.org", "[2001:db8::1]"] });
    for (const [host, status] of [
      ["hub.example.org", 200] as const,
      ["hub.example.org:443", 200] as const,
      ["[2001:db8::1]:6016", 200] as const,
      ["other.example.org", 421] as const,
      ["hub.example.org.attacker.example", 421] as const,
    ])
      expect((await ask(port, "/", { headers: { host } })).status, host).toBe(status);
    const { text } = await ask(port, "/", { headers: { host: "other.example.org" } });
    expect(text).toContain("--allow-host other.example.org");
  });

  test("with a token nobody is led elsewhere", async () => {
    const { port, server } = await serve({ token: true });
    const { status, headers } = await ask(port, `//attacker.example/?token=${server.token}`);
    expect([status, headers["location"]]).toEqual([404, undefined]);
  });
});

describe("server-sent events", () => {
  test("first the list, then what changes", async () => {
    runs.begin("one");
    const { base } = await serve();
    const events = new Events(await fetch(`${base}/api/events?run=one`));
    expect(await events.until("list")).toMatchObject({ runs: [{ id: "one", state: "running" }] });
    runs.events("one", stepEvent(1, 1), stepEvent(1, 2));
    expect(await events.until("rows", isRun({ step: 2 }))).toMatchObject({ gone: [] });
    expect(await events.until("curves")).toMatchObject({ id: "one", steps: { from: 0, x: [1, 2] } });
    runs.events("one", stepEvent(1, 3), endEvent("finished"));
    expect(await events.until("curves", ({ steps }) => (steps as { from: number }).from > 0)).toMatchObject({
      steps: { from: 1, x: [2, 3] },
    });
    await events.until("rows", isRun({ state: "finished" }));
    await events.close();
  });

  test("the log, and what a process of this machine takes", async () => {
    runs.begin("one");
    runs.log("one", "first");
    runs.lock("one", process.pid);
    await using _held = await open(join(runs.path, "one/lock"));
    const { base } = await serve();
    const events = new Events(await fetch(`${base}/api/events?run=one`));
    expect(await events.until("log")).toEqual({ id: "one", anew: true, lines: ["first"] });
    const use = await events.until("machine", ({ cores }) => cores !== null);
    expect(use).toMatchObject({ id: "one", pid: process.pid, gpus: [] });
    expect(use["memory"]).toBeGreaterThan(10e6);
    await events.close();
  });

  test("a run that is gone on with from an earlier step", async () => {
    runs.begin("one");
    runs.events("one", ...[1, 2, 3, 4, 5].map((step) => stepEvent(1, step)));
    const { base } = await serve();
    const events = new Events(await fetch(`${base}/api/events?run=one`));
    await events.until("curves", ({ steps }) => (steps as { x: number[] }).x.length === 5);
    runs.rewind("one", 3); // the first event, and two steps
    await events.until("curves", ({ steps }) => (steps as { x: number[] }).x.length === 2);
    await events.close();
  });

  test("closing the server ends streams that are open", async () => {
    const { server, base } = await serve();
    const events = new Events(await fetch(`${base}/api/events`));
    await events.until("list");
    await server.close();
    await expect(events.until("never")).rejects.toThrow();
  });
});

describe("the port", () => {
  let taken: Server;
  beforeEach(async () => {
    taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
  });
  afterEach(() => taken.close());

  test("that was asked for and is taken is an error that says so", async () => {
    const { port } = taken.address() as AddressInfo;
    await expect(serve({ port })).rejects.toThrow(
      `port ${port} of 127.0.0.1 is in use; choose another with --port`,
    );
  });

  test("without one, two servers find two", async () => {
    const [first, second] = [await serve({ port: undefined }), await serve({ port: undefined })];
    expect(first.port).not.toBe(second.port);
  });

  test("an address that is not this machine's", async () => {
    await expect(serve({ host: "192.0.2.1" })).rejects.toThrow(
      /^--host 192\.0\.2\.1: expected an address of this machine/,
    );
  });
});
