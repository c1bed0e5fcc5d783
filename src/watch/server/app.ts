import { Hono } from "hono";
import { streamSSE, type SSEStreamingApi } from "hono/streaming";
import { GpuMeter } from "../machine/gpu-use.js";
import { MAX_FOLLOWED } from "../protocol.js";
import type { Watcher } from "../watcher.js";
import { Feed, type Send } from "./feed.js";
import { knownHost, onlyReading, safeHeaders, tokenHolder, type Access } from "./guard.js";
import type { PageFile } from "./page-files.js";

const MAX_PAGES = 64;
/** Something is sent at least so often, so that each side notices when the other is gone. */
const SIGN_OF_LIFE = 15_000;

interface Parts {
  readonly watcher: Watcher;
  readonly access: Access;
  readonly files: ReadonlyMap<string, PageFile>;
}

/**
 * The addresses: the page's files; /api/runs, the list as JSON; /api/events?run=ID&run=ID, server-sent events of the
 * list and of the runs that are named. Runs are looked up among those that were found; no path comes from a request.
 */
export function watchApp({ watcher, access, files }: Parts): Hono {
  const app = new Hono();
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
  app.get("*", (context) => {
    const file = files.get(context.req.path);
    if (file === undefined) return context.text("There is no such page.\n", 404);
    return context.body(file.body, 200, { "Content-Type": file.type });
  });
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
