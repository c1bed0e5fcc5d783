import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "../../data/testing.fixture.js";
import { downloadCifar } from "./cifar.js";
import { download, type DownloadOptions } from "./resumable.js";

let folder: ReturnType<typeof temporaryFolder>;
let path = "";
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, "new/archive.tar.gz");
});
afterEach(() => folder[Symbol.dispose]());

const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251));
const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex");

interface Web extends AsyncDisposable {
  readonly url: string;
  /** The Range header of every request. */
  readonly ranges: (string | undefined)[];
}

/** A server that knows ranges, unless `answer` does otherwise and returns true. */
async function serve(
  bytes: Buffer,
  answer: (request: IncomingMessage, response: ServerResponse, count: number) => boolean = () => false,
): Promise<Web> {
  const ranges: (string | undefined)[] = [];
  const server: Server = createServer((request, response) => {
    ranges.push(request.headers.range);
    if (answer(request, response, ranges.length)) return;
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? Number.NaN);
    if (Number.isNaN(start))
      return void response.writeHead(200, { "content-length": bytes.length }).end(bytes);
    if (start >= bytes.length)
      return void response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
    const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
    response.writeHead(206, { "content-range": range, "content-length": bytes.length - start });
    response.end(bytes.subarray(start));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/archive.tar.gz`,
    ranges,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Sends the first `length` bytes of what it promises, then cuts the connection. */
function cutAfter(length: number, start: number) {
  return (_: IncomingMessage, response: ServerResponse): boolean => {
    const status = start === 0 ? 200 : 206;
    const range = { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` };
    response.writeHead(status, { "content-length": content.length - start, ...(start > 0 && range) });
    response.write(content.subarray(start, start + length), () => setTimeout(() => response.destroy(), 30));
    return true;
  };
}

function get(url: string, options: Partial<DownloadOptions & { md5: string }> = {}): Promise<void> {
  const { md5: sum = md5(content), ...rest } = options;
  const quiet = { path, signal: new AbortController().signal, onProgress: () => undefined };
  return download({ url, md5: sum }, { ...quiet, ...rest });
}

describe("download", () => {
  it("makes the folder, gets the file and says how far it is", async () => {
    await using web = await serve(content);
    const progress: number[] = [];
    await get(web.url, { onProgress: ({ bytes, totalBytes }) => progress.push(bytes / (totalBytes ?? 0)) });
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(readdirSync(join(folder.path, "new"))).toEqual(["archive.tar.gz"]);
    expect([progress[0], progress.at(-1)]).toEqual([0, 1]);
  });

  it("does not get again what is there", async () => {
    await using web = await serve(content);
    await get(web.url);
    await get(web.url);
    expect(web.ranges).toHaveLength(1);
  });

  it("two at once leave the whole file, whichever is first", async () => {
    await using web = await serve(content);
    await Promise.all([get(web.url), get(web.url)]);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(readdirSync(join(folder.path, "new"))).toEqual(["archive.tar.gz"]);
  });

  it("continues what an earlier call left", async () => {
    await using web = await serve(content);
    mkdirSync(join(folder.path, "new"));
    writeFileSync(`${path}.part`, content.subarray(0, 100_000));
    await get(web.url);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(web.ranges).toEqual(["bytes=100000-"]);
  });

  it("starts anew where the server knows no ranges", async () => {
    await using web = await serve(content, (_, response) => {
      response.end(content);
      return true;
    });
    mkdirSync(join(folder.path, "new"));
    writeFileSync(`${path}.part`, content.subarray(0, 100_000));
    await get(web.url);
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it("takes a part that is whole already", async () => {
    await using web = await serve(content);
    mkdirSync(join(folder.path, "new"));
    writeFileSync(`${path}.part`, content);
    await get(web.url);
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it("continues by itself after a cut connection", async () => {
    await using web = await serve(
      content,
      (request, response, count) => count === 1 && cutAfter(50_000, 0)(request, response),
    );
    await get(web.url);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(web.ranges).toEqual([undefined, "bytes=50000-"]);
  });

  it("a cut connection again and again: says where, keeps the part for the next call", async () => {
    await using web = await serve(content, cutAfter(50_000, 0));
    await expect(get(web.url, { attempts: 1 })).rejects.toThrow(
      `${web.url}: the connection ended after 50000 of 300000 bytes; run it again to continue there.`,
    );
    expect(readFileSync(`${path}.part`).equals(content.subarray(0, 50_000))).toBe(true);
    expect(existsSync(path)).toBe(false);
  });

  it("a connection on which nothing comes counts as cut", async () => {
    await using web = await serve(content, (_, response) => {
      response.writeHead(200, { "content-length": content.length }).write(content.subarray(0, 10));
      return true;
    });
    await expect(get(web.url, { attempts: 1, patienceMs: 100 })).rejects.toThrow(
      "the connection ended after 10 of",
    );
  });
});

describe("what goes wrong", () => {
  it("another content: both checksums, and nothing is left", async () => {
    await using web = await serve(content);
    const wrong = "0".repeat(32);
    await expect(get(web.url, { md5: wrong })).rejects.toThrow(
      `expected ${web.url} with the md5 ${wrong}, found ${md5(content)}; it is removed: download it again.`,
    );
    expect(readdirSync(join(folder.path, "new"))).toEqual([]);
  });

  it("a file in its place that is another is the user's, and stays", async () => {
    mkdirSync(join(folder.path, "new"));
    writeFileSync(path, "mine");
    await expect(get("http://127.0.0.1:9/x")).rejects.toThrow("; remove it to download it again.");
    expect(readFileSync(path, "utf8")).toBe("mine");
  });

  it("no such file on the server", async () => {
    await using web = await serve(content, (_, response) => {
      response.writeHead(404).end("<html>");
      return true;
    });
    await expect(get(web.url)).rejects.toThrow(
      `${web.url}: expected the file, the server answered 404 Not Found. By hand: download ${web.url} elsewhere ` +
        `(md5 ${md5(content)}), put it at ${path} and run this again.`,
    );
  });

  it("a range that was not asked for", async () => {
    await using web = await serve(content, cutAfter(10, 7));
    mkdirSync(join(folder.path, "new"));
    writeFileSync(`${path}.part`, content.subarray(0, 100));
    await expect(get(web.url)).rejects.toThrow("the server answered 206 Partial Content");
  });

  it("no server", async () => {
    const web = await serve(content);
    await web[Symbol.asyncDispose]();
    await expect(get(web.url)).rejects.toThrow(
      `${web.url} cannot be reached: it refuses connections; check the network. By hand: download `,
    );
  });

  it("a name that does not exist", async () => {
    await expect(get("http://nowhere.invalid/x.tar.gz")).rejects.toThrow(
      /^http:\/\/nowhere.invalid\/x.tar.gz cannot be reached: its name (is not known|cannot be looked up)/,
    );
  });

  it("an ending by the user keeps the part", async () => {
    await using web = await serve(content, (_, response) => {
      response.writeHead(200, { "content-length": content.length }).write(content.subarray(0, 1000));
      return true;
    });
    const controller = new AbortController();
    const onProgress = ({ bytes }: { bytes: number }): void => {
      if (bytes > 0) controller.abort(new Error("interrupted"));
    };
    await expect(get(web.url, { signal: controller.signal, onProgress })).rejects.toThrow("interrupted");
    expect(readFileSync(`${path}.part`)).toEqual(content.subarray(0, 1000));
  });

  it("a folder that cannot be written", async () => {
    writeFileSync(join(folder.path, "new"), "a file");
    await expect(get("http://127.0.0.1:9/x")).rejects.toThrow(
      /^cannot write .*: a part of the path is a file/,
    );
  });
});

describe("downloadCifar", () => {
  const archiveOf = async (files: Record<string, string>): Promise<Buffer> => {
    const tar = pack();
    for (const [name, text] of Object.entries(files)) tar.entry({ name }, text);
    tar.finalize();
    return gzipSync(await buffer(tar));
  };
  const cifar = (bytes: Buffer, options = {}) => ({
    archive: { url: "http://publisher/cifar.tar.gz", md5: md5(bytes), folder: "cifar" },
    options: {
      ...{ to: folder.path, force: false, onProgress: () => undefined },
      ...{ signal: new AbortController().signal },
      ...options,
    },
  });

  it("unpacks the archive's own folder, and nothing outside it", async () => {
    const bytes = await archiveOf({
      "cifar/a.bin": "A",
      "cifar/b/c.txt": "C",
      "cifar/../../evil": "E",
      "/cifar/abs": "F",
    });
    await using web = await serve(bytes);
    const { archive, options } = cifar(bytes);
    expect(await downloadCifar(archive, { ...options, url: web.url })).toBe(join(folder.path, "cifar"));
    const found = readdirSync(folder.path, { recursive: true }).map(String);
    expect(found.sort()).toEqual(["cifar", "cifar.tar.gz", "cifar/a.bin", "cifar/b", "cifar/b/c.txt"]);
  });

  it("unpacks an archive that was put there by hand, without a network", async () => {
    const bytes = await archiveOf({ "cifar/a.bin": "A" });
    writeFileSync(join(folder.path, "cifar.tar.gz"), bytes);
    const { archive, options } = cifar(bytes);
    await downloadCifar(archive, { ...options, url: null });
    expect(readFileSync(join(folder.path, "cifar/a.bin"), "utf8")).toBe("A");
    await expect(downloadCifar(archive, { ...options, url: null })).rejects.toThrow("cifar is there already");
    await downloadCifar(archive, { ...options, url: null, force: true });
  });

  it.each([
    [
      "no gzip",
      () => Buffer.from("not an archive"),
      "cifar.tar.gz: the archive is damaged: incorrect header check.",
    ],
    [
      "truncated",
      async () => (await archiveOf({ "cifar/a": "x".repeat(9999) })).subarray(0, 60),
      "the archive is damaged: unexpected end of file.",
    ],
    ["another archive", () => archiveOf({ "other/a": "A" }), "expected files in a folder cifar, found none."],
  ])("%s: nothing is unpacked", async (_, make, message) => {
    const bytes = await make();
    writeFileSync(join(folder.path, "cifar.tar.gz"), bytes);
    const { archive, options } = cifar(bytes);
    await expect(downloadCifar(archive, { ...options, url: null })).rejects.toThrow(message);
    expect(readdirSync(folder.path)).toEqual(["cifar.tar.gz"]);
  });
});
