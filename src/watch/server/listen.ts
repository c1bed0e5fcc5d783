import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import { isIPv6, type AddressInfo } from "node:net";
import { hostname } from "node:os";
import { getRequestListener } from "@hono/node-server";
import { LongtailError, systemCode, UsageError } from "../../support/errors.js";
import { Watcher } from "../watcher.js";
import {
  isLoopback,
  knownHost,
  onlyReading,
  REPORT_POLICY,
  safeHeaders,
  tokenHolder,
  type Access,
} from "./guard.js";
import { Hono } from "hono";
import { streamSSE, type SSEStreamingApi } from "hono/streaming";
import { GpuMeter } from "../machine/gpu-use.js";
import { readReport } from "../run/report.js";
import { MAX_FOLLOWED } from "../protocol.js";
import { Feed, type Send } from "./feed.js";
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";

interface PageFile {
  readonly body: Uint8Array<ArrayBuffer>;
  readonly type: string;
}

const BUILT = fileURLToPath(new URL("../../../dist/web", import.meta.url));

const TYPES: Partial<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The built page's files by their paths in addresses: nothing else is ever served from the disk. */
function pageFiles(folder: string = BUILT): ReadonlyMap<string, PageFile> {
  try {
    const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
    const files = new Map<string, PageFile>();
    for (const name of names) {
      const type = TYPES[extname(name)];
      if (type !== undefined)
        files.set(`/${name}`, { type, body: new Uint8Array(readFileSync(join(folder, name))) });
    }
    const page = files.get("/index.html");
    if (page === undefined) throw new Error("index.html is missing");
    return files.set("/", page);
  } catch (error) {
    throw new LongtailError(
      `the page of longtail watch is not built (${folder}: ${(error as Error).message}); run \`npm run setup\`, or use --text`,
      { cause: error },
    );
  }
}

const MAX_PAGES = 64;
/** Something is sent at least so often, so that each side notices when the other is gone. */
const SIGN_OF_LIFE = 15_000;

interface Parts {
  readonly watcher: Watcher;
  readonly access: Access;
  readonly files: ReadonlyMap<string, PageFile>;
  /** Path that a proxy leaves before the addresses, such as /node/gpu01/6016; "" for none. */
  readonly basePath: string;
}

/**
 * The addresses: the page's files; /api/runs, the list as JSON; /api/events?run=ID&run=ID, server-sent events of the
 * list and of the runs that are named; /report?run=ID, a run's report. The page names them relative to its own. Runs are looked up among those that were found; no path comes from a request.
 */
function watchApp({ watcher, access, files, basePath }: Parts): Hono {
  const app = new Hono({ getPath: (request) => pathBelow(basePath, new URL(request.url).pathname) });
  const gpus = new GpuMeter();
  let pages = 0;
  app.use(safeHeaders(), onlyReading(), knownHost(access), tokenHolder(access));
  app.get("/api/runs", async (context) => {
    await watcher.refresh();
    return context.json(watcher.list);
  });
  app.get("/api/events", (context) => {
    if (pages >= MAX_PAGES) return context.text(`${MAX_PAGES} pages are open already.\n`, 503);
    const ids = [...new Set(context.req.queries("run") ?? [])].slice(0, MAX_FOLLOWED);
    return streamSSE(context, async (stream) => {
      pages += 1;
      try {
        await follow(stream, watcher, { ids, feed: new Feed(watcher, ids, gpus) });
      } finally {
        pages -= 1;
      }
    });
  });
  app.get("/report", async (context) => {
    const run = watcher.run(context.req.query("run") ?? "");
    const report = run === undefined ? null : await readReport(run.folder);
    if (report === null) return context.text("There is no report of such a run.\n", 404);
    return context.body(report, 200, {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": REPORT_POLICY,
    });
  });
  app.get("*", (context) => {
    if (basePath !== "" && context.req.path === basePath)
      return context.redirect(`${basePath.split("/").at(-1)!}/`, 308); // relative addresses take a path that ends so
    const file = files.get(context.req.path);
    if (file === undefined) return context.text("There is no such page.\n", 404);
    return context.body(file.body, 200, { "Content-Type": file.type });
  });
  return app;
}

/** A request's path without the base path, where the proxy has left that. */
function pathBelow(basePath: string, path: string): string {
  return basePath !== "" && path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : path;
}

/** Sends a page what is new after each refresh, until it goes. A slow page skips refreshes. */
async function follow(
  stream: SSEStreamingApi,
  watcher: Watcher,
  { ids, feed }: { ids: readonly string[]; feed: Feed },
): Promise<void> {
  let refreshed: () => void = () => undefined;
  const next = (): Promise<void> => new Promise((resolve) => (refreshed = resolve));
  stream.onAbort(() => refreshed());
  using _subscription = watcher.subscribe(() => refreshed(), ids);
  let sentAt = performance.now();
  const send: Send = async (event, message) => {
    sentAt = performance.now();
    await stream.writeSSE({ event, data: JSON.stringify(message) });
  };
  for (;;) {
    await next();
    if (stream.aborted) return;
    await feed.update(send);
    if (performance.now() - sentAt >= SIGN_OF_LIFE) await send("alive", {});
  }
}

const FIRST_PORT = 6016;
const PORTS_TRIED = 20;
const MIN_TOKEN_LENGTH = 12; // characters

export interface ServeOptions {
  /** Of runs. */
  readonly folder: string;
  readonly host: string;
  /** Undefined: the first free one from 6016 on. 0: any free one. */
  readonly port?: number | undefined;
  /**
   * Ask for a token, this one or (true) a random one, on loopback as well, where other people work on the machine. At
   * other addresses there always is one.
   */
  readonly token?: string | boolean | undefined;
  /** Names besides this machine's that requests may come under: a proxy's. */
  readonly allowedHosts?: readonly string[] | undefined;
  /** Path that a proxy leaves before the addresses, such as /node/gpu01/6016. */
  readonly basePath?: string | undefined;
  readonly files?: ReadonlyMap<string, PageFile>;
}

export interface WatchServer {
  /** To open in a browser, with the token, if there is one. */
  readonly address: string;
  readonly token: string | null;
  /** Ends every connection. */
  close(): Promise<void>;
}

/**
 * Serves the live view of a folder of runs.
 * @throws UsageError for an address that is not this machine's; LongtailError for a port that is taken.
 */
export async function serveWatch(options: ServeOptions): Promise<WatchServer> {
  const { folder, host, allowedHosts = [] } = options;
  const basePath = basePathOf(options);
  const files = options.files ?? pageFiles();
  const watcher = new Watcher(folder);
  const token = tokenFor(options);
  const app = watchApp({ watcher, files, basePath, access: { token, host, allowedHosts } });
  const answer = getRequestListener(app.fetch);
  const server = await listenAtFreePort(options, () =>
    createServer((request, response) => void answer(request, response)),
  );
  const { port } = server.address() as AddressInfo;
  return {
    token,
    address: `http://${reachable(host)}:${port}${basePath}/${token === null ? "" : `?token=${encodeURIComponent(token)}`}`,
    close: async () => {
      const ended = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([ended, watcher.close()]);
    },
  };
}

/** Without a slash at its end; "" for none. @throws UsageError for what is no path. */
function basePathOf({ basePath = "" }: ServeOptions): string {
  const path = basePath.replace(/\/+$/, "");
  if (path === "" || /^(\/[\w.~!$&'()*+,;=:@%-]+)+$/.test(path)) return path;
  throw new UsageError(
    `--base-path: expected a path such as /node/gpu01/6016, found ${JSON.stringify(basePath)}`,
  );
}

function tokenFor({ token = false, host }: ServeOptions): string | null {
  if (typeof token === "string") {
    if (token.length >= MIN_TOKEN_LENGTH) return token;
    throw new UsageError(`--token: expected at least ${MIN_TOKEN_LENGTH} characters, found ${token.length}`);
  }
  return token || !isLoopback(host) ? randomBytes(24).toString("base64url") : null;
}

async function listenAtFreePort({ host, port }: ServeOptions, make: () => Server): Promise<Server> {
  const ports =
    port === undefined ? [...Array.from({ length: PORTS_TRIED }, (_, i) => FIRST_PORT + i), 0] : [port];
  for (const candidate of ports) {
    const server = make();
    if (await listens(server, host, candidate)) return server;
  }
  throw new LongtailError(
    `port ${ports[0]} of ${host} is in use; choose another with --port, or leave it out for one that is free`,
  );
}

/** False when the port is taken. */
function listens(server: Server, host: string, port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => {
      const code = systemCode(error);
      if (code === "EADDRINUSE") resolve(false);
      else reject(code === undefined ? error : addressError(code, host, port));
    });
    server.listen({ host, port }, () => resolve(true));
  });
}

function addressError(code: string, host: string, port: number): LongtailError {
  if (code === "EACCES") return new LongtailError(`port ${port}: only an administrator may use it (${code})`);
  return new UsageError(
    `--host ${host}: expected an address of this machine, such as 127.0.0.1 or 0.0.0.0 (${code})`,
  );
}

/** The name that a browser reaches the address by: "every address" is none. */
function reachable(host: string): string {
  if (host === "0.0.0.0" || host === "::") return hostname();
  return isIPv6(host) ? `[${host}]` : host;
}
