/** Bodies of requests as they come: forms of any parts, too much, too slow, and cut short. */
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { afterEach, expect, test, vi } from "vitest";
import { serveToys } from "./serve.fixture.js";
import type { ModelServer, ServeOptions } from "./serve.js";

const servers: ModelServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close(5)));
});

async function serve(options: Partial<ServeOptions> = {}): Promise<Awaited<ReturnType<typeof serveToys>>> {
  const server = await serveToys(options);
  servers.push(server);
  return server;
}

type Body = NonNullable<RequestInit["body"]>;

const JPEG = { "Content-Type": "image/jpeg" };
const post = (address: string, body: Body, headers: Record<string, string> = JPEG): Promise<Response> =>
  fetch(address, { method: "POST", body, headers });

function form(...images: readonly (string | Uint8Array<ArrayBuffer>)[]): FormData {
  const data = new FormData();
  images.forEach((image, k) => data.append("image", new Blob([image]), `${k}.jpg`));
  return data;
}

/** A connection over which a part of an image has come. */
function beginUpload(base: string): Socket {
  const socket = connect(Number(new URL(base).port), "127.0.0.1");
  socket.write(
    `POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: image/jpeg\r\nContent-Length: 9\r\n\r\nab`,
  );
  return socket;
}

async function metricsOf(base: string): Promise<string> {
  return (await fetch(`${base}/metrics`)).text();
}

/** The header of a form's file. */
const FILE = 'Content-Disposition: form-data; name="image"; filename="a"';

test("10,000 parts", async () => {
  const { base } = await serve({
    limits: { maxBytes: 10e6, maxImages: 8, maxPixels: 1e6, maxPending: 16, timeout: 5 },
    maxUploadBytes: 100e6,
  });
  const written = new Response(form(...Array.from({ length: 10_000 }, () => "x")));
  const answer = await fetch(`${base}/predict`, {
    method: "POST",
    headers: { "Content-Type": written.headers.get("Content-Type")! },
    body: await written.arrayBuffer(),
  });
  expect([answer.status, await answer.json()]).toEqual([
    413,
    { error: "form: expected at most 8 parts, found more." },
  ]);
});

test.each<[string, string, number, string]>([
  ["a part more than allowed, as large as a photograph", FILE, 413, "form: expected at most 8 parts"],
  ["a large part that is no file of a form", "attachment", 200, "ant"],
  ["a large part without a header", "", 200, "ant"],
  [
    "a file below many header lines",
    "X-Camera: 1\r\n".repeat(100) + FILE.replace('"a"', '"b"'),
    200,
    '"name":"b"',
  ],
])("%s is read to its end", async (_, disposition, status, found) => {
  const { base } = await serve({
    limits: { maxBytes: 10e6, maxImages: 8, maxPixels: 1e6, maxPending: 16, timeout: 5 },
    maxUploadBytes: 10e6,
  });
  const part = (head: string, size: number): string => `--x\r\n${head}\r\n\r\n${"\0".repeat(size)}\r\n`;
  const small = part(FILE, 1).repeat(disposition === FILE ? 8 : 1);
  const head = disposition === "attachment" ? "Content-Disposition: attachment; filename=a" : disposition;
  for (const size of [17_000, 50_000, 500_000]) {
    const body = `${small}${part(head, size)}--x--\r\n`;
    const answer = await post(`${base}/predict`, body, {
      "Content-Type": "multipart/form-data; boundary=x",
    });
    expect([answer.status, await answer.text()]).toEqual([status, expect.stringContaining(found)]);
  }
});

test("a body that is longer than it says, in chunks", async () => {
  const { base } = await serve();
  const sent = httpRequest(`${base}/predict`, { method: "POST", headers: JPEG });
  sent.on("error", () => undefined); // the connection is closed while the rest is sent
  for (let k = 0; k < 20; k += 1) sent.write(Buffer.alloc(1000));
  const [response] = (await once(sent, "response")) as [{ statusCode: number }];
  expect(response.statusCode).toBe(413);
  sent.destroy();
});

test("a slow client is not waited for", async () => {
  const errors: Error[] = [];
  const { base } = await serve({ uploadTimeout: 1, onError: (error) => errors.push(error) });
  const socket = beginUpload(base);
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 408 /);
  socket.destroy();
  await vi.waitFor(async () => expect(await metricsOf(base)).toContain('status="408"} 1'));
  expect(errors).toEqual([]);
});

test("a client that leaves before its image is there is no error of the server", async () => {
  const errors: Error[] = [];
  const { base } = await serve({ onError: (error) => errors.push(error) });
  const socket = beginUpload(base);
  await once(socket, "connect");
  await setTimeout(100); // the server reads what is there
  socket.destroy();
  await vi.waitFor(async () => expect(await metricsOf(base)).toContain('status="400"} 1'));
  expect(errors).toEqual([]);
});
