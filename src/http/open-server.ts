import { randomBytes } from "node:crypto";
import { createServer, type Server, type ServerOptions as NodeOptions } from "node:http";
import { isIPv6, type AddressInfo } from "node:net";
import { hostname } from "node:os";
import { getRequestListener } from "@hono/node-server";
import { LongtailError, systemCode, UsageError } from "../support/errors.js";
import { type Access, isLoopback } from "./guard.js";

const PORTS_TRIED = 20;
const MIN_TOKEN_LENGTH = 12; // characters

/** Where a server listens, and who may use it; the flags of the commands that serve. */
export interface ServerOptions {
  readonly host: string;
  /** Undefined: the first free one from the command's first port on. 0: any free one. */
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
}

/** What an application needs to know of where it is served. */
export interface Site {
  readonly access: Access;
  /** Path that a proxy leaves before the addresses, without a slash at its end; "" for none. */
  readonly basePath: string;
}

/** A program that serves, in the words of its messages. */
export interface ServingCommand {
  /** Such as "longtail watch". */
  readonly command: string;
  readonly firstPort: number;
  /** Of Node.js's server: its timeouts. */
  readonly settings?: NodeOptions;
}

export interface OpenServer {
  readonly server: Server;
  /** To open in a browser, with the token, if there is one. */
  readonly address: string;
  readonly token: string | null;
}

/** An application: answers requests, with Node.js's own objects beside them. */
export interface Application {
  readonly fetch: Parameters<typeof getRequestListener>[0];
}

/**
 * Serves an application over HTTP.
 * @throws UsageError for an address that is not this machine's; LongtailError for a port that is taken.
 */
export async function openServer(
  options: ServerOptions & ServingCommand,
  application: (site: Site) => Application,
): Promise<OpenServer> {
  const { host, allowedHosts = [], command, settings = {} } = options;
  const basePath = basePathOf(options);
  const token = tokenFor(options);
  const { fetch } = application({ basePath, access: { token, host, allowedHosts, command } });
  const answer = getRequestListener(fetch);
  const server = await listenAtFreePort(options, () =>
    createServer(settings, (request, response) => void answer(request, response)),
  );
  const { port } = server.address() as AddressInfo;
  const query = token === null ? "" : `?token=${encodeURIComponent(token)}`;
  return { server, token, address: `http://${reachable(host)}:${port}${basePath}/${query}` };
}

/** Without a slash at its end; "" for none. @throws UsageError for what is no path. */
function basePathOf({ basePath = "" }: ServerOptions): string {
  const path = basePath.replace(/\/+$/, "");
  if (path === "" || /^(\/[\w.~!$&'()*+,;=:@%-]+)+$/.test(path)) return path;
  throw new UsageError(
    `--base-path: expected a path such as /node/gpu01/6016, found ${JSON.stringify(basePath)}`,
  );
}

/** A request's path without the base path, where the proxy has left that. */
export function pathBelow(basePath: string, path: string): string {
  return basePath !== "" && path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : path;
}

function tokenFor({ token = false, host }: ServerOptions): string | null {
  if (typeof token === "string") {
    if (token.length >= MIN_TOKEN_LENGTH) return token;
    throw new UsageError(`--token: expected at least ${MIN_TOKEN_LENGTH} characters, found ${token.length}`);
  }
  return token || !isLoopback(host) ? randomBytes(24).toString("base64url") : null;
}

async function listenAtFreePort(
  { host, port, firstPort }: ServerOptions & ServingCommand,
  make: () => Server,
): Promise<Server> {
  const ports =
    port === undefined ? [...Array.from({ length: PORTS_TRIED }, (_, i) => firstPort + i), 0] : [port];
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
