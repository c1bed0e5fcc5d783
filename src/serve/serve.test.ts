/** The server's addresses, limits and end, with a model that needs no network. */
import { once } from "node:events";
import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Validator } from "@seriousme/openapi-schema-validator";
import { afterEach, describe, expect, test, vi } from "vitest";
import { ModelError } from "../support/errors.js";
import type { ModelNews } from "./models.js";
import { askUntilRefused, pngHeader, serveToys, ToyEngine, toySource } from "./serve.fixture.js";
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

describe("predictions", () => {
  test("of one image as a body, of several as a form, in their order", async () => {
    const { base } = await serve();
    const one = await post(`${base}/predict?top=2`, new Uint8Array([1]));
    expect([one.status, await one.json()]).toEqual([
      200,
      {
        model: "toy",
        calibrated: true,
        images: [
          {
            name: null,
            predictions: [
              { class: "bee", index: 1, probability: 0.7 },
              { class: "cat", index: 2, probability: 0.2 },
            ],
          },
        ],
      },
    ]);
    const several = await fetch(`${base}/predict?top=1`, {
      method: "POST",
      body: form(new Uint8Array([2]), "bad", new Uint8Array([0])),
    });
    expect(await several.json()).toMatchObject({
      images: [
        { name: "0.jpg", predictions: [{ class: "cat" }] },
        { name: "1.jpg", error: "expected an image" },
        { name: "2.jpg", predictions: [{ class: "ant" }] },
      ],
    });
  });

  test("by a model's name; a name that is unknown", async () => {
    const { base } = await serve({
      models: [toySource("one"), toySource("two")],
      open: (() => {
        let shift = 0;
        return () => Promise.resolve(new ToyEngine({ shift: shift++ }));
      })(),
    });
    const bestOf = async (path: string): Promise<unknown> =>
      ((await (await post(`${base}${path}`, new Uint8Array([0]))).json()) as { model: string }).model;
    expect(await bestOf("/predict")).toBe("one");
    expect(await bestOf("/models/two/predict")).toBe("two");
    const unknown = await post(`${base}/models/three/predict`, new Uint8Array([0]));
    expect([unknown.status, await unknown.json()]).toEqual([
      404,
      { error: 'there is no model "three"; GET /models lists them.' },
    ]);
    expect(await (await fetch(`${base}/models`)).json()).toMatchObject([
      { name: "one", classes: ["ant", "bee", "cat"], accuracy: { all: 75 } },
      { name: "two" },
    ]);
  });

  test("two models of one name are wrong use", async () => {
    await expect(serve({ models: [toySource("one"), toySource("one")] })).rejects.toThrow(
      "found two of the name one",
    );
  });
});

describe("bad requests are answered with what is wrong", () => {
  test.each<[string, Body, Record<string, string>, number, string]>([
    ["an empty body", "", JPEG, 400, "body: expected an image, found no bytes."],
    [
      "a wrong content type",
      "{}",
      { "Content-Type": "application/json" },
      415,
      "content type: expected image/*",
    ],
    [
      "curl's content type",
      "x",
      { "Content-Type": "application/x-www-form-urlencoded" },
      415,
      "found application/x-www",
    ],
    ["a truncated image", "bad", JPEG, 422, "expected an image"],
    ["too many bytes", new Uint8Array(20_000), JPEG, 413, "body: expected at most 10.0 kB, found 20.0 kB."],
    ["a form without its boundary", "x", { "Content-Type": "multipart/form-data" }, 400, "form: "],
    [
      "a form that breaks off",
      '--x\r\nContent-Disposition: form-data; name="a"; filename="b"\r\n\r\nabc',
      { "Content-Type": "multipart/form-data; boundary=x" },
      400,
      "form: expected whole parts",
    ],
    [
      "a form without files",
      '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nabc\r\n--x--\r\n',
      { "Content-Type": "multipart/form-data; boundary=x" },
      400,
      "form: expected an image in at least one file",
    ],
  ])("%s", async (_, body, headers, status, error) => {
    const { base } = await serve();
    const answer = await post(`${base}/predict`, body, headers);
    const found = (await answer.json()) as { error: string };
    expect([answer.status, found.error]).toEqual([status, expect.stringContaining(error)]);
  });

  test("an image bomb, by its header", async () => {
    const { base } = await serve();
    const answer = await post(`${base}/predict`, pngHeader(100_000, 100_000));
    expect([answer.status, await answer.json()]).toEqual([
      422,
      {
        error: "expected at most 1000000 pixels, found 10000000000 (100000 x 100000); send a smaller image.",
      },
    ]);
  });

  test.each(["top=0", "top=none", "top=1.5", "top=99999"])("?%s", async (query) => {
    const { base } = await serve();
    const answer = await post(`${base}/predict?${query}`, new Uint8Array([1]));
    expect(answer.status).toBe(400);
    expect(((await answer.json()) as { error: string }).error).toMatch(/^top: /);
  });

  test("a page of elsewhere, a name of elsewhere, an address that is none", async () => {
    const { base } = await serve();
    const elsewhere = await post(`${base}/predict`, new Uint8Array([1]), {
      ...JPEG,
      "Sec-Fetch-Site": "cross-site",
    });
    expect(elsewhere.status).toBe(403);
    const asked = httpRequest(`${base}/models`, { headers: { host: "attacker.example" } }).end();
    const [response] = (await once(asked, "response")) as [{ statusCode: number }];
    expect(response.statusCode).toBe(421);
    expect((await fetch(`${base}/nothing`)).status).toBe(404);
  });
});

describe("too much at once", () => {
  test("images that would wait too long are refused with a time, the others are answered", async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const { base } = await serve({ open: () => Promise.resolve(new ToyEngine({ gate })) });
    const refusals: Response[] = [];
    const all = Promise.all(
      Array.from({ length: 40 }, async () => {
        const answer = await post(`${base}/predict`, new Uint8Array([1]));
        if (answer.status === 429) refusals.push(answer);
        return answer.status;
      }),
    );
    await vi.waitFor(() => expect(refusals).toHaveLength(24), { timeout: 30_000 });
    release();
    expect((await all).filter((status) => status === 200)).toHaveLength(16);
    const [refused] = refusals as [Response];
    expect(Number(refused.headers.get("Retry-After"))).toBeGreaterThanOrEqual(1);
    expect(((await refused.json()) as { error: string }).error).toMatch(/^toy: \d+ images wait already/);
  });

  test("uploads that hold too much memory together", async () => {
    const { base } = await serve({
      maxUploadBytes: 15_000,
      open: () => Promise.resolve(new ToyEngine({ ms: 500 })),
    });
    const answers = await Promise.all([1, 2].map(() => post(`${base}/predict`, new Uint8Array(9000))));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 429]);
    expect((await post(`${base}/predict`, new Uint8Array(9000))).status).toBe(200); // it is given back
  });

  test("a prediction that takes too long", async () => {
    const { base } = await serve({
      limits: { maxBytes: 10_000, maxImages: 8, maxPixels: 1e6, maxPending: 16, timeout: 1 },
      open: () => Promise.resolve(new ToyEngine({ ms: 60_000 })),
    });
    const answer = await post(`${base}/predict`, new Uint8Array([1]));
    expect([answer.status, answer.headers.get("Retry-After")]).toEqual([503, "1"]);
  });
});

test("/healthz names a model that cannot predict", async () => {
  const engine = new ToyEngine();
  const { base } = await serve({ open: () => Promise.resolve(engine) });
  const health = async (): Promise<unknown[]> => {
    const answer = await fetch(`${base}/healthz`);
    return [answer.status, await answer.json()];
  };
  expect(await health()).toEqual([200, { status: "ok", models: ["toy"], failing: [] }]);
  engine.isUp = false;
  expect(await health()).toEqual([503, { status: "failing", models: ["toy"], failing: ["toy"] }]);
});

test("a token is needed for all but /healthz", async () => {
  const { base, token } = await serve({ token: true });
  expect((await fetch(`${base}/healthz`)).status).toBe(200);
  for (const path of ["/", "/models", "/metrics", "/docs", "/openapi.json"])
    expect((await fetch(`${base}${path}`)).status, path).toBe(401);
  const wrong = await post(`${base}/predict`, new Uint8Array([1]), {
    ...JPEG,
    Authorization: "Bearer wrong",
  });
  expect([wrong.status, wrong.headers.get("WWW-Authenticate")]).toEqual([401, "Bearer"]);
  const right = await post(`${base}/predict`, new Uint8Array([1]), {
    ...JPEG,
    Authorization: `Bearer ${token}`,
  });
  expect(right.status).toBe(200);
});

test("a program with an old token takes nothing of the others behind its proxy, whoever guesses does", async () => {
  const { base, token } = await serve({ token: true });
  const ask = async (given: string): Promise<number> =>
    (await fetch(`${base}/models`, { headers: { Authorization: `Bearer ${given}` } })).status;
  for (let k = 0; k < 30; k += 1) expect(await ask("an old token")).toBe(401);
  expect(await ask(token!)).toBe(200);
  for (let k = 0; k < 9; k += 1) expect(await ask(`a guess, ${k}`)).toBe(401);
  expect(await ask("a guess too many")).toBe(429);
  expect(await ask(token!)).toBe(429);
  expect(await ask("an old token")).toBe(401);
});

test("the description is valid OpenAPI, and the page of it names every address", async () => {
  const { base } = await serve({ basePath: "/birds" });
  const description = (await (await fetch(`${base}/openapi.json`)).json()) as { paths: object };
  const validated = await new Validator().validate(description);
  expect(validated).toMatchObject({ valid: true });
  const page = await (await fetch(`${base}/docs`)).text();
  expect(Object.keys(description.paths)).toEqual([
    "/healthz",
    "/metrics",
    "/models",
    "/predict",
    "/models/{model}/predict",
  ]);
  for (const path of Object.keys(description.paths)) expect(page).toContain(path);
});

test("metrics count requests, images and what waits", async () => {
  const { base } = await serve();
  await post(`${base}/predict`, form(new Uint8Array([1]), "bad"), {});
  await post(`${base}/predict`, "bad", JPEG);
  await post(`${base}/predict`, "", JPEG);
  const response = await fetch(`${base}/metrics`);
  expect(response.headers.get("Content-Type")).toMatch(/^text\/plain; version=0\.0\.4/);
  const text = await response.text();
  for (const line of [
    'longtail_requests_total{model="toy",status="200"} 1',
    'longtail_requests_total{model="toy",status="400"} 1',
    'longtail_images_total{model="toy",result="predicted"} 1',
    'longtail_images_total{model="toy",result="refused"} 2',
    'longtail_requests_total{model="toy",status="422"} 1',
    'longtail_pending_images{model="toy"} 0',
    'longtail_model_loads_total{model="toy",result="loaded"} 1',
    'longtail_request_seconds_count{model="toy"} 3',
  ])
    expect(text).toContain(line);
});

test("a file that changes is loaded, one that is no model is not, and requests that wait are answered", async () => {
  const folder = mkdtempSync(join(tmpdir(), "longtail-serve-"));
  const file = join(folder, "model.onnx");
  writeFileSync(file, "first");
  const engines = [new ToyEngine({ ms: 3000 }), new ToyEngine({ shift: 1 })];
  const [first] = engines;
  const news: ModelNews[] = [];
  const { base } = await serve({
    models: [toySource("toy", file)],
    open: () => {
      const engine = engines.shift();
      if (engine === undefined) return Promise.reject(new ModelError(`${file}: expected a model`));
      return Promise.resolve(engine);
    },
    onNews: (one) => news.push(one),
  });
  const waiting = post(`${base}/predict?top=1`, new Uint8Array([0]));
  const replace = (text: string): void => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  const bestNow = async (): Promise<unknown> =>
    await (await post(`${base}/predict?top=1`, new Uint8Array([0]))).json();
  replace("second");
  await vi.waitFor(() => expect(news).toHaveLength(2), { timeout: 20_000 });
  expect(await bestNow()).toMatchObject({ images: [{ predictions: [{ class: "bee" }] }] });
  expect(await (await waiting).json()).toMatchObject({ images: [{ predictions: [{ class: "ant" }] }] });
  expect(first!.closed).toBe(true);
  replace("third, which is none");
  await vi.waitFor(() => expect(news).toHaveLength(3), { timeout: 20_000 });
  expect(news[2]).toEqual({ kind: "kept", model: "toy", error: `${file}: expected a model` });
  expect(await bestNow()).toMatchObject({ images: [{ predictions: [{ class: "bee" }] }] });
  rmSync(folder, { recursive: true });
});

test("the end answers every request that has come, over connections that stay open, too", async () => {
  const engine = new ToyEngine({ ms: 100 });
  const server = await serveToys({ open: () => Promise.resolve(engine) });
  const asked = askUntilRefused(`${server.base}/predict`, { clients: 8, image: Buffer.from([1]) });
  await setTimeout(500);
  await server.close(10);
  const outcomes = await asked;
  const answered = outcomes.filter((outcome) => outcome === "200").length;
  expect(answered).toBeGreaterThan(20);
  expect(answered).toBe(engine.received);
  expect(new Set(outcomes)).toEqual(new Set(["200", "ECONNREFUSED"]));
});

test("the end does not wait for connections over which nothing has come", async () => {
  const server = await serveToys({ uploadTimeout: 600 });
  const silent = connect(Number(new URL(server.base).port), "127.0.0.1");
  await once(silent, "connect");
  await server.close(600);
  silent.destroy();
});
