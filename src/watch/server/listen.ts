import { randomBytes } from "node:crypto";
import { createServer, type Server } from "node:http";
import { isIPv6, type AddressInfo } from "node:net";
import { hostname } from "node:os";
import { getRequestListener } from "@hono/node-server";
import { LongtailError, systemCode, UsageError } from "../../support/errors.js";
import { Watcher } from "../watcher.js";
import { watchApp } from "./app.js";
import { isLoopback } from "./guard.js";
import { pageFiles, type PageFile } from "./page-files.js";

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
  const { folder, host } = options;
  const files = options.files ?? pageFiles();
  const watcher = new Watcher(folder);
  const token = tokenFor(options);
  const app = watchApp({ watcher, files, access: { token, host } });
  const answer = getRequestListener(app.fetch);
  const server = await listenAtFreePort(options, () =>
    createServer((request, response) => void answer(request, response)),
  );
  const { port } = server.address() as AddressInfo;
  return {
    token,
    address: `http://${reachable(host)}:${port}/${token === null ? "" : `?token=${encodeURIComponent(token)}`}`,
    close: async () => {
      const ended = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await Promise.all([ended, watcher.close()]);
    },
  };
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
