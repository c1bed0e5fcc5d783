import {
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { createServer as createSecureServer } from "node:https";
import { connect, type AddressInfo, type Socket } from "node:net";
import { createHash } from "node:crypto";

/** What a server was asked for. */
export interface Asked {
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

/** How the index answers; a test changes it as it goes. */
export interface IndexBehavior {
  format: "json" | "html";
  /** Whether parts of files are sent; otherwise a request for one gets the whole. */
  ranges: boolean;
  /** Responses with files that end early, after so many bytes of their own. */
  cuts: number[];
  /** Responses with files stop after so many bytes, without an end. */
  hold: number | undefined;
  /** Statuses that answer the next requests. */
  statuses: number[];
  /** `user:password` that every request needs. */
  login: string | undefined;
  /** Hashes that pages say of files, where these are others than the files have. */
  readonly hashes: Map<string, string>;
}

export interface IndexServer extends AsyncDisposable {
  /** The index's base address. */
  readonly url: string;
  readonly port: number;
  readonly asked: Asked[];
  readonly behavior: IndexBehavior;
}

/** A package index on this machine with the simple repository interface. `files` maps file names to their bytes. */
export async function startIndex(
  files: ReadonlyMap<string, Buffer>,
  { tls }: { tls?: { readonly key: string; readonly cert: string } } = {},
): Promise<IndexServer> {
  const asked: Asked[] = [];
  const behavior: IndexBehavior = {
    format: "json",
    ranges: true,
    cuts: [],
    hold: undefined,
    statuses: [],
    login: undefined,
    hashes: new Map(),
  };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const path = new URL(request.url ?? "", "http://x").pathname; // a proxy sends the whole address
    const { range, authorization } = request.headers;
    asked.push({ path, range, authorization });
    const status = behavior.statuses.shift();
    if (status !== undefined) {
      response.writeHead(status).end();
    } else if (behavior.login !== undefined && authorization !== `Basic ${btoa(behavior.login)}`) {
      response.writeHead(401).end();
    } else if (path.startsWith("/files/")) {
      sendFile(request, response, files.get(path.slice("/files/".length)), behavior);
    } else {
      sendPage(response, path, files, behavior);
    }
  };
  const server = tls ? createSecureServer(tls, answer) : createServer(answer);
  const port = await listen(server);
  return {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}/simple`,
    port,
    asked,
    behavior,
    [Symbol.asyncDispose]: () => close(server),
  };
}

function sendPage(
  response: ServerResponse,
  path: string,
  files: ReadonlyMap<string, Buffer>,
  { format, hashes }: IndexBehavior,
): void {
  const name = /^\/simple\/([^/]+)\/$/.exec(path)?.[1];
  const listed = [...files].filter(([file]) => file.replaceAll("_", "-").startsWith(`${name ?? ""}-`));
  if (name === undefined || listed.length === 0) {
    response.writeHead(404).end();
    return;
  }
  const hashOf = (file: string, bytes: Buffer): string =>
    hashes.get(file) ?? createHash("sha256").update(bytes).digest("hex");
  if (format === "html") {
    const links = listed.map(
      ([file, bytes]) => `<a href="../../files/${file}#sha256=${hashOf(file, bytes)}">${file}</a><br/>`,
    );
    response.setHeader("content-type", "text/html");
    response.end(`<!DOCTYPE html><html><body>${links.join("\n")}</body></html>`);
    return;
  }
  response.setHeader("content-type", "application/vnd.pypi.simple.v1+json");
  response.end(
    JSON.stringify({
      files: listed.map(([file, bytes]) => ({
        filename: file,
        url: `../../files/${file}`,
        hashes: { sha256: hashOf(file, bytes) },
      })),
    }),
  );
}

function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  bytes: Buffer | undefined,
  { ranges, cuts, hold }: IndexBehavior,
): void {
  if (!bytes) {
    response.writeHead(404).end();
    return;
  }
  const range = ranges ? /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") : null;
  const [from, to] = range ? [Number(range[1]), Number(range[2]) + 1] : [0, bytes.length];
  response.writeHead(range ? 206 : 200, {
    "content-length": to - from,
    ...(range && { "content-range": `bytes ${from}-${to - 1}/${bytes.length}` }),
  });
  const cut = cuts.shift();
  if (hold !== undefined && to - from > hold) response.write(bytes.subarray(from, from + hold));
  else if (cut === undefined || cut >= to - from) response.end(bytes.subarray(from, to));
  else response.write(bytes.subarray(from, from + cut), () => response.destroy());
}

export interface ProxyServer extends AsyncDisposable {
  readonly url: string;
  /** Addresses that were asked for through it. */
  readonly asked: string[];
}

/** A proxy, for tunnels and for plain requests. With `login`, requests without it get 407. */
export async function startProxy(login?: string): Promise<ProxyServer> {
  const asked: string[] = [];
  const isAllowed = (request: IncomingMessage): boolean =>
    login === undefined || request.headers["proxy-authorization"] === `Basic ${btoa(login)}`;
  const server = createServer((request, response) => {
    if (!isAllowed(request)) {
      response.writeHead(407).end();
      return;
    }
    asked.push(request.url ?? "");
    const onward = httpRequest(request.url ?? "", { headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    if (!isAllowed(request)) {
      socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n");
      return;
    }
    asked.push(request.url ?? "");
    const [host = "", port = "80"] = (request.url ?? "").split(":");
    const onward = connect(Number(port), host, () => {
      socket.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      onward.pipe(socket).pipe(onward);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}`, asked, [Symbol.asyncDispose]: () => close(server) };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}
