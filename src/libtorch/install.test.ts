import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { EngineError } from "../support/errors.js";
import { WheelsFixture } from "./install.fixture.js";
import type { InstallProgress } from "../package-index/install-wheels.js";
import { LIBTORCH_VERSION } from "./version.js";
import { CERTIFICATE, KEY } from "../package-index/certificate.fixture.js";
import { startIndex, startProxy, type IndexServer } from "../package-index/server.fixture.js";

const large = "x".repeat(3 << 20); // of the wheel, and not needed: parts of it are fetched

let fixture: WheelsFixture;
let index: IndexServer;
beforeEach(async () => {
  fixture = new WheelsFixture({ "torch/lib/libtorch_cuda.so": large });
  index = await startIndex(fixture.files);
  Object.assign(fixture.environment, { PIP_INDEX_URL: index.url, PIP_RETRIES: "2" });
});
afterEach(async () => {
  await index[Symbol.asyncDispose]();
  fixture[Symbol.dispose]();
});

const torch = (): (typeof fixture.cpu)[number]["wheel"] => {
  const wheel = fixture.cpu[0]?.wheel;
  if (!wheel) throw new Error("the fixture has no wheel");
  return wheel;
};
const library = (root: string): string => readFileSync(join(root, "lib", "libtorch_cpu.so"), "utf8");
const fileRequests = (): typeof index.asked => index.asked.filter(({ path }) => path.startsWith("/files/"));
/** Files that outlive a failed installation. */
const kept = (): string[] =>
  existsSync(join(fixture.folder, "cache/longtail", `torch-${LIBTORCH_VERSION}-cpu.downloads`))
    ? readdirSync(join(fixture.folder, "cache/longtail", `torch-${LIBTORCH_VERSION}-cpu.downloads`))
    : [];

describe("from an index", () => {
  test.each(["json", "html"] as const)("with %s pages", async (format) => {
    index.behavior.format = format;
    const progress: InstallProgress[] = [];
    const { root } = await fixture.install({ onProgress: (step) => progress.push(step) });
    expect(library(root)).toBe("torch/lib/libtorch_cpu.so");
    expect(fixture.cacheEntries()).toEqual([`torch-${LIBTORCH_VERSION}-cpu`]);
    expect(new Set(progress.map(({ kind }) => kind))).toEqual(new Set(["fetch", "extract"]));
  });

  test("only what is needed of a wheel is fetched, and its progress ends with all of it", async () => {
    const progress: InstallProgress[] = [];
    await fixture.install({ onProgress: (step) => progress.push(step) });
    const ofTorch = progress.flatMap((step) =>
      step.kind === "fetch" && step.file === torch().file ? [step] : [],
    );
    const last = ofTorch.at(-1);
    expect(last?.bytes).toBe(last?.total);
    expect(last?.total).toBeLessThan(torch().size / 10);
    expect(fileRequests().every(({ range }) => range !== undefined)).toBe(true);
  });

  test("a server that sends whole files only", async () => {
    index.behavior.ranges = false;
    const { root } = await fixture.install();
    expect(library(root)).toBe("torch/lib/libtorch_cpu.so");
    expect(fileRequests()).toHaveLength(3); // one for each wheel
  });

  test("with CUDA everything of torch/lib is there", async () => {
    const { root, cuda } = await fixture.install({ cuda: true });
    expect(cuda).toBe(true);
    expect(readFileSync(join(root, "lib/libtorch_cuda.so"), "utf8")).toBe(large);
    expect(existsSync(join(root, "../nvidia/lib/x.h"))).toBe(true);
  });

  test("a second index is asked where the first does not have it; a login is sent to its own index only", async () => {
    await using empty = await startIndex(new Map());
    index.behavior.login = "user:pass word";
    const address = index.url.replace("//", "//user:pass%20word@");
    Object.assign(fixture.environment, { PIP_INDEX_URL: empty.url, PIP_EXTRA_INDEX_URL: address });
    await fixture.install();
    expect(empty.asked.map(({ authorization }) => authorization)).toEqual([undefined, undefined, undefined]);
    expect(fileRequests().length).toBeGreaterThan(0);
  });

  test("a login from the netrc file", async () => {
    index.behavior.login = "me:secret";
    writeFileSync(join(fixture.folder, ".netrc"), "machine 127.0.0.1 login me password secret\n");
    expect((await fixture.install()).version).toBe(LIBTORCH_VERSION);
  });

  test("settings from pip's configuration file", async () => {
    const path = join(fixture.folder, "pip.conf");
    writeFileSync(path, `[global]\nindex-url = ${index.url}/\n`);
    delete fixture.environment["PIP_INDEX_URL"];
    fixture.environment["PIP_CONFIG_FILE"] = path;
    expect((await fixture.install()).version).toBe(LIBTORCH_VERSION);
  });

  test("without an index, from a folder of wheels", async () => {
    Object.assign(fixture.environment, { PIP_NO_INDEX: "1", PIP_FIND_LINKS: join(fixture.folder, "wheels") });
    const { root } = await fixture.install();
    expect(library(root)).toBe("torch/lib/libtorch_cpu.so");
    expect(index.asked).toEqual([]);
    expect(readdirSync(join(fixture.folder, "wheels"))).toHaveLength(fixture.cuda.length);
  });

  test("two at a time: the second waits for the first", async () => {
    const waits: InstallProgress[] = [];
    const both = await Promise.all([
      fixture.install(),
      fixture.install({ onProgress: (step) => step.kind === "wait" && waits.push(step) }),
    ]);
    expect(both[0]).toEqual(both[1]);
    expect(index.asked.filter(({ path }) => path === "/simple/torch/")).toHaveLength(1);
    expect(waits).toMatchObject([{ kind: "wait", pid: process.pid }]);
  });
});

describe("through a proxy", () => {
  test.each(["HTTP_PROXY", "http_proxy", "PIP_PROXY"])("named by %s", async (name) => {
    await using proxy = await startProxy();
    Object.assign(fixture.environment, { [name]: proxy.url });
    await fixture.install();
    expect(proxy.asked.length).toBeGreaterThan(0);
    expect(proxy.asked.every((address) => address.includes(String(index.port)))).toBe(true);
  });

  test("with a login", async () => {
    await using proxy = await startProxy("user:secret");
    fixture.environment["HTTP_PROXY"] = proxy.url.replace("//", "//user:secret@");
    await fixture.install();
    expect(proxy.asked.length).toBeGreaterThan(0);
  });

  test("but not for hosts in NO_PROXY", async () => {
    await using proxy = await startProxy();
    Object.assign(fixture.environment, { HTTP_PROXY: proxy.url, NO_PROXY: "127.0.0.1" });
    await fixture.install();
    expect(proxy.asked).toEqual([]);
  });

  test("that wants a login", async () => {
    await using proxy = await startProxy("user:secret");
    fixture.environment["HTTP_PROXY"] = proxy.url;
    await expect(fixture.install()).rejects.toThrow(
      "the proxy wants a login: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT",
    );
  });
});

describe("over TLS, with a certificate that nobody knows", () => {
  let secure: IndexServer;
  beforeEach(async () => {
    secure = await startIndex(fixture.files, { tls: { key: KEY, cert: CERTIFICATE } });
    fixture.environment["PIP_INDEX_URL"] = secure.url;
    writeFileSync(join(fixture.folder, "own.pem"), CERTIFICATE);
  });
  afterEach(() => secure[Symbol.asyncDispose]());

  test("nothing is installed, and the error says where to name it", async () => {
    await expect(fixture.install()).rejects.toThrow(
      `cannot reach ${secure.url}/torch/: its certificate is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT): name your organization's certificates in PIP_CERT or NODE_EXTRA_CA_CERTS`,
    );
    expect(secure.asked).toEqual([]);
  });

  test.each(["PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])("%s makes it known", async (name) => {
    fixture.environment[name] = join(fixture.folder, "own.pem");
    expect((await fixture.install()).version).toBe(LIBTORCH_VERSION);
  });

  test("also through a proxy", async () => {
    await using proxy = await startProxy();
    fixture.environment["PIP_CERT"] = join(fixture.folder, "own.pem");
    fixture.environment["HTTPS_PROXY"] = proxy.url;
    expect((await fixture.install()).version).toBe(LIBTORCH_VERSION);
    expect(new Set(proxy.asked)).toEqual(new Set([`127.0.0.1:${secure.port}`]));
  });

  test("PIP_TRUSTED_HOST does without", async () => {
    fixture.environment["PIP_TRUSTED_HOST"] = `127.0.0.1:${secure.port}`;
    expect((await fixture.install()).version).toBe(LIBTORCH_VERSION);
  });
});

describe("an interruption", () => {
  test("is continued where it was, in one process", async () => {
    index.behavior.cuts = [10_000, 20_000];
    const { root } = await fixture.install({ cuda: true });
    expect(readFileSync(join(root, "lib/libtorch_cuda.so"), "utf8")).toBe(large);
    expect(
      fileRequests()
        .filter(({ path }) => path.includes("/torch-"))
        .map(({ range }) => range),
    ).toEqual([
      `bytes=${torch().size - 65_557}-${torch().size - 1}`,
      `bytes=${torch().size - 55_557}-${torch().size - 1}`,
      `bytes=${torch().size - 35_557}-${torch().size - 1}`,
      `bytes=0-${torch().size - 65_558}`,
    ]);
  });

  test("and in the next one: what arrived is not fetched again", async () => {
    const cut = 1 << 20;
    index.behavior.cuts = [Number.POSITIVE_INFINITY, cut, 0, 0]; // the directory; then three failures
    const first = fixture.install({ cuda: true });
    await expect(first).rejects.toThrow(EngineError);
    const before = fileRequests().length;
    await fixture.install({ cuda: true });
    expect(fileRequests()[before]?.range).toBe(`bytes=${cut}-${torch().size - 65_558}`);
    expect(fixture.cacheEntries()).toEqual([`torch-${LIBTORCH_VERSION}-cuda`]);
  });

  test("without parts of files, from the start", async () => {
    index.behavior.ranges = false;
    index.behavior.cuts = [1000];
    expect((await fixture.install()).version).toBe(LIBTORCH_VERSION);
    expect(fileRequests()).toHaveLength(4);
  });

  test("of the server's own: its status is waited for", async () => {
    index.behavior.statuses = [503, 429];
    expect((await fixture.install()).version).toBe(LIBTORCH_VERSION);
  });
});

/** The error's text with what differs from run to run replaced. */
async function messageOf(installation: Promise<unknown>): Promise<string> {
  const error: unknown = await installation.then(
    () => new Error("expected a failure"),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(EngineError);
  return (error as Error).message
    .replaceAll(String(index.port), "PORT")
    .replaceAll(fixture.folder, "FOLDER")
    .replaceAll(/[0-9a-f]{64}/g, "HASH")
    .replaceAll(torch().file, "TORCH.whl");
}

describe("a failure says what to do", () => {
  test("offline", async () => {
    fixture.environment["PIP_INDEX_URL"] = "https://index.invalid/simple";
    expect(await messageOf(fixture.install())).toMatchInlineSnapshot(
      `"cannot find TORCH.whl: cannot reach https://index.invalid/simple/torch/: the host name is not known here: this machine may be offline, or need a proxy (HTTPS_PROXY) (ENOTFOUND). Without a network the wheels can be taken from a folder (PIP_FIND_LINKS) (pip as a fallback: found no python3)"`,
    );
    expect(fixture.cacheEntries()).toEqual([]);
  });

  test("an index without the package, and one that lists other files", async () => {
    fixture.files.delete(torch().file);
    expect(await messageOf(fixture.install())).toMatchInlineSnapshot(
      `"cannot find TORCH.whl: http://127.0.0.1:PORT/simple/torch/ does not exist (status 404). Without a network the wheels can be taken from a folder (PIP_FIND_LINKS) (pip as a fallback: found no python3)"`,
    );
    fixture.files.set("torch-1.0.0-py3-none-any.whl", Buffer.from(""));
    expect(await messageOf(fixture.install())).toMatchInlineSnapshot(
      `"cannot find TORCH.whl: http://127.0.0.1:PORT/simple/torch/ does not list it (it lists 1 file). Without a network the wheels can be taken from a folder (PIP_FIND_LINKS) (pip as a fallback: found no python3)"`,
    );
  });

  test("an index that wants a login", async () => {
    index.behavior.login = "user:secret";
    expect(await messageOf(fixture.install())).toMatchInlineSnapshot(
      `"cannot find TORCH.whl: http://127.0.0.1:PORT/simple/torch/ wants a login (status 401): put it into the address (PIP_INDEX_URL=https://USER:PASSWORD@HOST/…) or into ~/.netrc. Without a network the wheels can be taken from a folder (PIP_FIND_LINKS) (pip as a fallback: found no python3)"`,
    );
  });

  test("an index that lists another hash", async () => {
    index.behavior.hashes.set(torch().file, "0".repeat(64));
    expect(await messageOf(fixture.install())).toMatchInlineSnapshot(
      `"http://127.0.0.1:PORT/simple/torch/ offers another TORCH.whl: expected sha256 HASH, found HASH; use an index that has the published file (PIP_INDEX_URL)"`,
    );
  });

  test("a file of another size", async () => {
    const bytes = fixture.files.get(torch().file) ?? Buffer.alloc(0);
    fixture.files.set(torch().file, bytes.subarray(1));
    index.behavior.hashes.set(torch().file, torch().sha256);
    expect(await messageOf(fixture.install())).toMatch(
      /^http:\/\/127.0.0.1:PORT\/files\/TORCH.whl is not the published TORCH.whl: expected \d+ bytes, found \d+; use another index/,
    );
  });

  test.each([true, false])("other bytes (parts of files: %s); nothing of them is kept", async (ranges) => {
    index.behavior.ranges = ranges;
    index.behavior.hashes.set(torch().file, torch().sha256);
    const bytes = Buffer.from(fixture.files.get(torch().file) ?? []);
    bytes.write(
      "T",
      bytes.indexOf("torch/lib/libtorch_cpu.so", bytes.indexOf("torch/lib/libtorch_cpu.so") + 1),
    );
    fixture.files.set(torch().file, bytes);
    const message = await messageOf(fixture.install());
    if (ranges) {
      expect(message).toMatch(
        /^TORCH\.whl is damaged: torch\/lib\/libtorch_cpu\.so: expected sha256 [\w-]{43}, found [\w-]{43}; install again$/,
      );
    } else {
      expect(message).toBe(
        "TORCH.whl from http://127.0.0.1:PORT/files/TORCH.whl is not the published file: expected sha256 HASH, found HASH; " +
          "it was not used. Run it again; if that does not help, use another index (PIP_INDEX_URL)",
      );
    }
    expect(kept().filter((name) => name === torch().file)).toEqual([]);
  });

  test("a server that ends every file early", async () => {
    index.behavior.cuts = [100, 0, 0, 0];
    expect(await messageOf(fixture.install())).toMatchInlineSnapshot(
      `"the download of TORCH.whl ended early: cannot reach http://127.0.0.1:PORT/files/TORCH.whl: other side closed (UND_ERR_SOCKET); 100 B are kept, run it again to go on from there"`,
    );
  });

  test("certificates that are not there", async () => {
    fixture.environment["PIP_CERT"] = join(fixture.folder, "none.pem");
    expect(await messageOf(fixture.install())).toMatchInlineSnapshot(
      `"no certificates in FOLDER/none.pem: expected a PEM file there; it is named by pip's setting cert or by PIP_CERT, REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE. Correct or unset it"`,
    );
  });

  test("a cache that cannot be made", async () => {
    mkdirSync(join(fixture.folder, "cache"));
    writeFileSync(join(fixture.folder, "cache", "longtail"), "");
    await expect(fixture.install()).rejects.toThrow(/cache/);
  });
});
