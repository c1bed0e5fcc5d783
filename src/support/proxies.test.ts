import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { fetchByProxy, proxiesFrom, proxyFor } from "./proxies.js";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("small letters come first, empty variables are none, ALL_PROXY is for both", () => {
  const environment = {
    https_proxy: "http://a:1",
    HTTPS_PROXY: "http://b:1",
    http_proxy: "",
    HTTP_PROXY: "http://c:1",
  };
  expect(proxiesFrom(environment)).toEqual({
    httpsProxy: "http://a:1",
    httpProxy: "http://c:1",
    noProxy: "",
  });
  const all = proxiesFrom({ ALL_PROXY: "http://d:1", NO_PROXY: "x" });
  expect(all).toEqual({ httpsProxy: "http://d:1", httpProxy: "http://d:1", noProxy: "x" });
});

test.each([
  ["https://data.example.org/x", "proxy:8080"],
  ["http://data.example.org/x", null],
  ["https://inside.example.net", null],
  ["https://a.inside.example.net", null],
  ["https://notinside.example.net", "proxy:8080"],
])("the way to %s", (url, proxy) => {
  const environment = {
    HTTPS_PROXY: "http://user:secret@proxy:8080",
    NO_PROXY: "localhost, .inside.example.net",
  };
  expect(proxyFor(url, proxiesFrom(environment))).toBe(proxy);
});

test("a request goes by the proxy that HTTPS_PROXY names", async () => {
  const asked: (string | undefined)[] = [];
  const proxy = createServer().listen(0, "127.0.0.1");
  proxy.on("connect", ({ url }, socket) => {
    asked.push(url);
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  await once(proxy, "listening");
  const { port } = proxy.address() as AddressInfo;
  for (const name of ["http_proxy", "https_proxy", "all_proxy", "no_proxy", "NO_PROXY"])
    vi.stubEnv(name, undefined);
  vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${port}`);
  await expect(fetchByProxy("https://data.example.org/x", {})).rejects.toThrow("fetch failed");
  expect(asked).toEqual(["data.example.org:443"]);
  proxy.close();
});
