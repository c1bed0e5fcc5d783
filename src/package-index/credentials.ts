import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Environment } from "../support/paths.js";
import { homeOf } from "./pip-settings.js";

export interface Login {
  readonly user: string;
  readonly password: string;
}

/**
 * The login for an address: its own (`https://user:password@host/`), that of an index on the same origin, or the
 * one that ~/.netrc (or the file in NETRC) has for the host.
 */
export function loginFor(url: URL, indexes: readonly string[], environment: Environment): Login | undefined {
  const index = indexes.map(toUrl).find((one) => one?.origin === url.origin && one.username !== "");
  return loginOf(url) ?? (index && loginOf(index)) ?? netrcLogin(url.hostname, environment);
}

/** An address without its login, for requests and messages. */
export function withoutLogin(address: string | URL): string {
  const url = toUrl(String(address));
  if (!url) return String(address);
  url.username = "";
  url.password = "";
  return url.href;
}

function toUrl(address: string): URL | undefined {
  return URL.canParse(address) ? new URL(address) : undefined;
}

function loginOf({ username, password }: URL): Login | undefined {
  if (username === "") return undefined;
  return { user: decodeURIComponent(username), password: decodeURIComponent(password) };
}

function netrcLogin(host: string, environment: Environment): Login | undefined {
  const chosen = environment["NETRC"];
  const home = homeOf(environment);
  const files = chosen ? [chosen] : [join(home, ".netrc"), join(home, "_netrc")];
  const path = files.find((file) => existsSync(file));
  return path === undefined ? undefined : parseNetrc(readFileSync(path, "utf8"), host);
}

/** The login that a netrc file has for a host, or its default's. Macros and accounts are passed over. */
export function parseNetrc(text: string, host: string): Login | undefined {
  const withoutMacros = text
    .replaceAll(/^\s*macdef\b[^\n]*\n(?:[^\n]+\n?)*/gm, "")
    .replaceAll(/^\s*#.*$/gm, "");
  const tokens = [...withoutMacros.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll(/\\(.)/g, "$1") ?? plain ?? "",
  );
  const logins = new Map<string, { login: string; password: string }>();
  let current: { login: string; password: string } | undefined;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === "machine" || token === "default") {
      const name = token === "machine" ? (tokens[++at] ?? "") : "";
      current = { login: "", password: "" };
      if (!logins.has(name)) logins.set(name, current);
    } else if (current && (token === "login" || token === "password")) {
      current[token] = tokens[++at] ?? "";
    } else if (token === "account") at++;
  }
  const found = logins.get(host) ?? logins.get("");
  return found && { user: found.login, password: found.password };
}
