import { Server as NetServer, type Socket } from "node:net";
import { availableParallelism } from "node:os";
import { setTimeout } from "node:timers/promises";
import { openServer, type ServerOptions } from "../http/open-server.js";
import { type PageFiles, pageFiles } from "../http/page-files.js";
import { serveApp } from "./app.js";
import { type Engine, type EngineOptions, openEngine } from "./engine.js";
import { Metrics } from "./metrics.js";
import { type ModelNews, type ModelSource, ServedModels } from "./models.js";
import type { RequestLimits } from "./predict.js";

const FIRST_PORT = 8080;
/** Time in which requests of connections that are open already still come when the server ends. */
const GRACE_MS = 500;
/** Time between two looks at connections that are too slow, and at the models' files. */
const LOOK_MS = 1000;
/** Longer than the usual minute of load balancers, which must be the ones to close idle connections. */
const KEEP_ALIVE_MS = 75_000;

export interface ServeOptions extends ServerOptions {
  readonly models: readonly ModelSource[];
  readonly limits: RequestLimits;
  /** Bytes of all uploads that are in memory. */
  readonly maxUploadBytes: number;
  /** Time that a request may take to arrive, in seconds. */
  readonly uploadTimeout: number;
  /** Worker threads, one for two cores unless given; the threads of each; images that are computed at once. */
  readonly engine?: {
    readonly workers?: number | undefined;
    readonly threads?: number | undefined;
    readonly maxBatch?: number | undefined;
  };
  readonly onNews: (news: ModelNews) => void;
  readonly onError: (error: Error) => void;
  /** The page's files; the built ones unless given. */
  readonly files?: PageFiles;
  /** Loads a model; in worker threads unless given. */
  readonly open?: (file: string) => Promise<Engine>;
}

export interface ModelServer {
  /** To open in a browser, with the token, if there is one. */
  readonly address: string;
  readonly token: string | null;
  /** Answers every request that has come, and ends; within `seconds`, or connections are closed. */
  close(seconds: number): Promise<void>;
}

/**
 * Serves models over HTTP.
 * @throws ModelError for a file that is no model; UsageError for an address that is not this machine's; LongtailError for a port
 *   that is taken.
 */
export async function serveModels(options: ServeOptions): Promise<ModelServer> {
  const files = options.files ?? pageFiles("serve", "");
  const metrics = new Metrics(() => pendingOf(models));
  const models = await ServedModels.open(options.models, {
    open: options.open ?? ((file) => openEngine(file, engineOptions(options, metrics))),
    onNews: (news) => {
      metrics.load(news.model, news.kind);
      options.onNews(news);
    },
    watchMs: LOOK_MS,
  });
  let isEnding = false;
  try {
    const { server, address, token } = await openServer(
      {
        ...options,
        command: "longtail serve",
        firstPort: FIRST_PORT,
        settings: {
          requestTimeout: 1000 * options.uploadTimeout,
          headersTimeout: 1000 * options.uploadTimeout,
          connectionsCheckingInterval: LOOK_MS,
          keepAliveTimeout: KEEP_ALIVE_MS,
        },
      },
      (site) => serveApp({ ...options, ...site, models, metrics, files, isEnding: () => isEnding }),
    );
    const connections = new Set<Socket>();
    server.on("connection", (socket) => {
      connections.add(socket);
      socket.once("close", () => connections.delete(socket));
    });
    return {
      address,
      token,
      close: async (seconds) => {
        isEnding = true; // each answer is the last one of its connection from here on
        // Stops listening alone: http.Server's own close would also end idle connections, whose next request may be on its way.
        const ended = new Promise((resolve) => NetServer.prototype.close.call(server, resolve));
        await Promise.race([ended, setTimeout(GRACE_MS)]);
        server.closeIdleConnections();
        // Node.js counts none as idle over which nothing has come: browsers and load balancers open such in advance.
        for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
        await Promise.race([ended, setTimeout(1000 * seconds, undefined, { ref: false })]);
        server.closeAllConnections();
        await ended;
        await models[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await models[Symbol.asyncDispose]();
    throw error;
  }
}

function engineOptions({ engine = {}, onError }: ServeOptions, metrics: Metrics): EngineOptions {
  const cores = availableParallelism();
  const { workers = cores, maxBatch = 2 } = engine;
  const threads = engine.threads ?? Math.max(1, Math.floor(cores / workers));
  const threadsAlone = engine.threads ?? Math.max(threads, cores);
  return {
    ...{ workers, threads, threadsAlone, maxBatch },
    onBatch: (batch) => metrics.batch(batch),
    onFault: onError,
  };
}

function pendingOf(models: ServedModels): ReadonlyMap<string, number> {
  return new Map(models.all.map(({ source, engine }) => [source.name, engine.pending]));
}
