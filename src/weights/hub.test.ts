/** Weights from the Hugging Face hub and from addresses, as a server on this machine answers for them. */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CheckpointError, DownloadError } from "../support/errors.js";
import { type HubServer, startHub } from "./hub.fixture.js";
import { checkedWeights, installWeights, weightsFile } from "./install.js";
import type { WeightsEntry } from "./entry.js";
import { WEIGHTS } from "./registry.js";

const name = "dinov2-s14";
const published: WeightsEntry = WEIGHTS[name];
const repository = "facebook/dinov2-small";
const content = Buffer.from("weights ".repeat(100_000));
const sha256 = createHash("sha256").update(content).digest("hex");

let folder = "";
let hub: HubServer;
let environment: Record<string, string> = {};
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "longtail-hub-"));
  hub = await startHub(repository, { "model.safetensors": content, "README.md": Buffer.from("# DINOv2") });
  environment = {
    HOME: folder,
    HF_HOME: join(folder, "hf"),
    XDG_CACHE_HOME: join(folder, "cache"),
    PIP_CONFIG_FILE: "/dev/null",
    PIP_RETRIES: "1",
    HF_ENDPOINT: `${hub.url}/`,
  };
});
afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** As torchvision's: an address, whose hash is known by its first digits. */
const atAddress = (digits: string): WeightsEntry => ({
  ...published,
  sha256: digits,
  source: { kind: "address", url: `${hub.url}/files/model.safetensors` },
});
const install = (more: { entry?: WeightsEntry; force?: boolean } = {}): Promise<string> =>
  installWeights(name, { environment, retryDelayMs: 1, ...more });
const inCache = (...parts: string[]): string =>
  join(folder, "hf", "hub", "models--facebook--dinov2-small", ...parts);

test("a file of the hub is kept where all of its programs look, and fetched once", async () => {
  expect(weightsFile(published, environment)).toEqual({ path: inCache(), isThere: false });
  const path = await install();
  expect(path).toBe(inCache("snapshots", hub.commit, "model.safetensors"));
  expect(readlinkSync(path)).toBe(`../../blobs/${sha256}`);
  expect(readFileSync(path).equals(content)).toBe(true);
  expect(readFileSync(inCache("refs", "main"), "utf8")).toBe(hub.commit);
  expect(existsSync(inCache("blobs", `${sha256}.incomplete`))).toBe(false);
  expect(checkedWeights(name, { environment })).toBe(path);
  const { length } = hub.asked;
  expect(await install()).toBe(path);
  expect(hub.asked).toHaveLength(length);
  await install({ force: true });
  expect(hub.asked.length).toBeGreaterThan(length);
});

test("what another program has put into the cache is used, offline too", async () => {
  environment["HF_HUB_OFFLINE"] = "1";
  await expect(install()).rejects.toThrow(
    /facebook\/dinov2-small: HF_HUB_OFFLINE forbids to fetch it from the hub. On a machine with a network: `longtail weights get dinov2-s14`/,
  );
  const snapshot = inCache("snapshots", "a".repeat(40));
  for (const made of [snapshot, inCache("blobs")]) mkdirSync(made, { recursive: true });
  writeFileSync(inCache("blobs", sha256), content);
  symlinkSync(`../../blobs/${sha256}`, join(snapshot, "model.safetensors"));
  expect(await install()).toBe(join(snapshot, "model.safetensors"));
  expect(hub.asked).toEqual([]);
});

test("HF_HUB_CACHE goes before HF_HOME", async () => {
  environment["HF_HUB_CACHE"] = join(folder, "elsewhere");
  expect(await install()).toContain(join(folder, "elsewhere", "models--facebook--dinov2-small"));
});

test("behind a login: the error says where to get one, and HF_TOKEN or a token's file opens it", async () => {
  hub.behavior.token = "hf_secret";
  await expect(install()).rejects.toThrow(DownloadError);
  await expect(install()).rejects.toThrow(
    /facebook\/dinov2-small wants a login \(status 401\): accept its terms there, if it has some, make an access token in your settings and give it in HF_TOKEN/,
  );
  mkdirSync(environment["HF_HOME"]!, { recursive: true });
  writeFileSync(join(environment["HF_HOME"]!, "token"), "hf_secret\n");
  expect(existsSync(await install())).toBe(true);
  rmSync(join(environment["HF_HOME"]!, "token"));
  environment["HF_TOKEN"] = "hf_secret";
  expect(existsSync(await install({ force: true }))).toBe(true);
});

test("too many requests: waits as long as it is asked to, but not for minutes", async () => {
  hub.behavior.statuses = [429];
  hub.behavior.retryAfter = "1";
  const started = Date.now();
  expect(existsSync(await install())).toBe(true);
  expect(Date.now() - started).toBeGreaterThanOrEqual(990);
  hub.behavior.statuses = [429, 429];
  hub.behavior.retryAfter = "600";
  await expect(install({ force: true })).rejects.toThrow(
    /too many requests \(status 429\); a login raises the limit \(HF_TOKEN\), and asks to wait 10 min/,
  );
});

test("no such repository, or no weights in it", async () => {
  const other = (repo: string, file: string): WeightsEntry => ({
    ...published,
    source: { kind: "hub", repository: repo, files: [file] },
  });
  await expect(install({ entry: other("nobody/nothing", "model.safetensors") })).rejects.toThrow(
    /nobody\/nothing: there is no such repository, or no such file in it \(status 404\)/,
  );
  await expect(install({ entry: other(repository, "pytorch_model.bin") })).rejects.toThrow(
    /expected a file of weights, pytorch_model.bin, found none/,
  );
});

test.each(["hub", "address"])("%s: a download that ends early goes on where it stopped", async (kind) => {
  const entry = kind === "hub" ? published : atAddress(sha256.slice(0, 8));
  hub.behavior.cuts = [100_000, 0];
  await expect(install({ entry })).rejects.toThrow(
    /ended early: .* are kept, run it again to go on from there/,
  );
  const before = hub.asked.length;
  const path = await install({ entry });
  expect(readFileSync(path).equals(content)).toBe(true);
  const ranges = hub.asked.slice(before).map(({ range }) => range);
  expect(ranges).toContain(`bytes=100000-${content.length - 1}`);
});

test.each(["hub", "address"])("%s: other bytes than the published ones are not used", async (kind) => {
  const entry = kind === "hub" ? published : atAddress(sha256.slice(0, 8));
  hub.behavior.content = Buffer.from("WEIGHTS ".repeat(100_000));
  await expect(install({ entry })).rejects.toThrow(
    /is not the published file: expected sha256 \w+, found \w+; it was not used/,
  );
  expect(weightsFile(entry, environment).isThere).toBe(false);
  hub.behavior.content = undefined;
  const path = await install({ entry });
  writeFileSync(path, content.toString().replace("w", "W")); // damaged later
  expect(() => checkedWeights(name, { environment, entry })).toThrow(CheckpointError);
  expect(() => checkedWeights(name, { environment, entry })).toThrow(
    /fetch them again with `longtail weights get dinov2-s14 --force`/,
  );
  await install({ entry, force: true });
  expect(checkedWeights(name, { environment, entry })).toBe(path);
});

test("offline: the error says what can be done", async () => {
  environment["HF_ENDPOINT"] = "http://127.0.0.1:9";
  await expect(install()).rejects.toThrow(
    /cannot reach .*its file can be copied to the same path here, or be named in the recipe/s,
  );
});

test("an address whose file is gone", async () => {
  const gone: WeightsEntry = {
    ...atAddress("00000000"),
    source: { kind: "address", url: `${hub.url}/files/gone.pth` },
  };
  await expect(install({ entry: gone })).rejects.toThrow(/gone.pth does not exist \(status 404\)/);
});
