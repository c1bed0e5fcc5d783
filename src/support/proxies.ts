import type { Dispatcher, RequestInit, Response } from "undici";
import type { Environment } from "./paths.js";

/** Proxies that the environment names; "" for none. */
export interface Proxies {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  /** Hosts that are reached without one, with commas between them. */
  readonly noProxy: string;
}

/** HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, in small letters first, as curl and pip read them. */
export function proxiesFrom(environment: Environment = process.env): Proxies {
  const first = (...names: string[]): string =>
    names.map((name) => environment[name] ?? "").find((value) => value !== "") ?? ""; // an empty one is none
  const proxyOf = (name: string): string => first(name, name.toUpperCase(), "all_proxy", "ALL_PROXY");
  return {
    httpProxy: proxyOf("http_proxy"),
    httpsProxy: proxyOf("https_proxy"),
    noProxy: environment["no_proxy"] ?? environment["NO_PROXY"] ?? "",
  };
}

const dispatchers = new Map<string, Dispatcher>();

/** fetch by way of the proxies that the environment names. undici is loaded here, and only when something is fetched. */
export async function fetchByProxy(url: string, init: RequestInit): Promise<Response> {
  const { EnvHttpProxyAgent, fetch } = await import("undici");
  const proxies = proxiesFrom();
  const key = JSON.stringify(proxies);
  const dispatcher = dispatchers.get(key) ?? new EnvHttpProxyAgent(proxies);
  dispatchers.set(key, dispatcher);
  return fetch(url, { ...init, dispatcher });
}

/** The proxy that a request to the address would take, for messages: without its password. Null where it takes none. */
export function proxyFor(url: string, { httpProxy, httpsProxy, noProxy } = proxiesFrom()): string | null {
  const { protocol, hostname } = new URL(url);
  const proxy = protocol === "https:" ? httpsProxy : httpProxy;
  const excluded = noProxy
    .split(/[\s,]+/)
    .map((entry) => entry.replace(/^\*?\./, "").replace(/:\d+$/, ""))
    .some((host) => host === "*" || (host !== "" && (hostname === host || hostname.endsWith(`.${host}`))));
  if (proxy === "" || excluded) return null;
  return URL.canParse(proxy) ? new URL(proxy).host : proxy;
}
