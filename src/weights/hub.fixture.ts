import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How the hub answers; a test changes it as it goes. */
export interface HubBehavior {
  /** A repository needs this token. */
  token: string | undefined;
  /** Statuses that answer the next requests. */
  statuses: number[];
  /** Seconds, or a date, that such an answer asks to wait. */
  retryAfter: string | undefined;
  /** Answers with files that end early, after so many bytes of their own. */
  cuts: number[];
  /** Bytes that files are sent with in place of their own. */
  content: Buffer | undefined;
}

export interface HubServer extends AsyncDisposable {
  readonly url: string;
  /** Of the requests. */
  readonly asked: {
    readonly path: string;
    readonly range: string | undefined;
    readonly authorization: string | undefined;
  }[];
  readonly behavior: HubBehavior;
  readonly commit: string;
}

/** A server on this machine that answers as the Hugging Face hub does, with one repository; files besides lie under /files. */
export async function startHub(
  repository: string,
  files: Readonly<Record<string, Buffer>>,
): Promise<HubServer> {
  const commit = "c0de".padEnd(40, "0");
  const asked: HubServer["asked"] = [];
  const behavior: HubBehavior = {
    token: undefined,
    statuses: [],
    retryAfter: undefined,
    cuts: [],
    content: undefined,
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? "", "http://x").pathname;
    const { range, authorization } = request.headers;
    asked.push({ path, range, authorization });
    const status = behavior.statuses.shift();
    const isLocked = behavior.token !== undefined && authorization !== `Bearer ${behavior.token}`;
    if (status !== undefined) {
      const wait = behavior.retryAfter === undefined ? {} : { "retry-after": behavior.retryAfter };
      response.writeHead(status, wait).end();
    } else if (isLocked) response.writeHead(401, { "x-error-code": "GatedRepo" }).end();
    else if (path === `/api/models/${repository}/revision/main`)
      json(response, {
        _id: "1",
        id: repository,
        sha: commit,
        private: false,
        gated: false,
        lastModified: "2026-01-01",
      });
    else if (path === `/api/models/${repository}/paths-info/${commit}`)
      void describe(request, response, files);
    else
      sendFile(request, response, {
        file: files[path.split("/").at(-1)!],
        path,
        commit,
        repository,
        behavior,
      });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    behavior,
    commit,
    [Symbol.asyncDispose]: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function json(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
}

async function describe(
  request: IncomingMessage,
  response: ServerResponse,
  files: Readonly<Record<string, Buffer>>,
): Promise<void> {
  let body = "";
  for await (const chunk of request) body += String(chunk);
  const { paths } = JSON.parse(body) as { paths: string[] };
  const found = paths.flatMap((path) => {
    const bytes = files[path];
    if (bytes === undefined) return [];
    const oid = createHash("sha256").update(bytes).digest("hex");
    const lfs = { oid, size: bytes.length, pointerSize: 130 };
    return [{ type: "file", path, oid: oid.slice(0, 40), size: bytes.length, lfs }];
  });
  json(response, found);
}

interface Sent {
  readonly file: Buffer | undefined;
  readonly path: string;
  readonly commit: string;
  readonly repository: string;
  readonly behavior: HubBehavior;
}

function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  { file, path, commit, repository, behavior }: Sent,
): void {
  const isKnown = path.startsWith(`/${repository}/resolve/${commit}/`) || path.startsWith("/files/");
  if (file === undefined || !isKnown) {
    response.writeHead(404, { "x-error-code": "EntryNotFound" }).end();
    return;
  }
  const bytes = behavior.content ?? file;
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "");
  const [from, to] = range === null ? [0, bytes.length] : [Number(range[1]), Number(range[2]) + 1];
  response.writeHead(range === null ? 200 : 206, {
    "content-length": to - from,
    ...(range !== null && { "content-range": `bytes ${from}-${to - 1}/${bytes.length}` }),
  });
  const cut = to - from > 1 ? behavior.cuts.shift() : undefined; // not of a question for the size
  if (cut === undefined || cut >= to - from) response.end(bytes.subarray(from, to));
  else response.write(bytes.subarray(from, from + cut), () => response.destroy());
}
