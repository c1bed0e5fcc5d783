import { Hono } from "hono";
import { streamSSE, type SSEStreamingApi } from "hono/streaming";
import { knownHost, onlyReading, safeHeaders, tokenHolder } from "../../http/guard.js";
import { openServer, pathBelow, type ServerOptions, type Site } from "../../http/open-server.js";
import { pageFiles, type PageFiles, pageHandler } from "../../http/page-files.js";
import { GpuMeter } from "../machine/gpu-use.js";
import { MAX_FOLLOWED } from "../protocol.js";
import { readReport } from "../run/report.js";
import { Watcher } from "../watcher.js";
import { Feed, type Send } from "./feed.js";

/** What a run's report may do: it is one file, whoever wrote it, and must not reach what is served here. */
const REPORT_POLICY =
  "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const FIRST_PORT = 6016;
const MAX_PAGES = 64;
/** Something is sent at least so often, so that each side notices when the other is gone. */
const SIGN_OF_LIFE = 15_000;

interface Parts extends Site {
  readonly watcher: Watcher;
  readonly files: PageFiles;
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
  app.get("*", pageHandler(files, basePath));
  return app;
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

export interface WatchOptions extends ServerOptions {
  /** Of runs. */
  readonly folder: string;
  readonly files?: PageFiles;
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
export async function serveWatch(options: WatchOptions): Promise<WatchServer> {
  const files = options.files ?? pageFiles("watch", ", or use --text");
  const watcher = new Watcher(options.folder);
  const { server, address, token } = await openServer(
    { ...options, command: "longtail watch", firstPort: FIRST_PORT },
    (site) => watchApp({ ...site, watcher, files }),
  );
  return {
    token,
    address,
    close: async () => {
      const ended = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([ended, watcher.close()]);
    },
  };
}
