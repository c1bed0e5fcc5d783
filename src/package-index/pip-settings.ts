import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../support/paths.js";

/** How to reach the Python package index: pip's own settings, so that a machine is configured once. */
export interface PipSettings {
  /** Base addresses of package indexes, in the order in which they are asked. */
  readonly indexes: readonly string[];
  /** Folders, `file:` addresses and web pages that hold wheels beside the indexes. */
  readonly findLinks: readonly string[];
  /** File of PEM certificates to trust beside the usual ones. */
  readonly certificates: string | undefined;
  /** Proxy for every request; without it the environment's variables decide. */
  readonly proxy: string | undefined;
  /** Hosts whose certificates are not checked: `host` or `host:port`. */
  readonly trustedHosts: readonly string[];
  readonly timeoutSeconds: number;
  readonly retries: number;
}

/** pip's own defaults. */
const defaults = { index: "https://pypi.org/simple", timeoutSeconds: 15, retries: 5 } as const;

/**
 * Reads pip's settings as `pip download` does: configuration files from the system's to the user's, each with the
 * sections `[global]` and `[download]`, then variables named PIP_…, which go before files.
 */
export function readPipSettings(
  environment: Environment = process.env,
  systemFile = "/etc/pip.conf",
): PipSettings {
  const values = new Map<string, string>();
  for (const path of configurationFiles(environment, systemFile)) {
    if (!existsSync(path)) continue;
    const sections = parseConfiguration(readFileSync(path, "utf8"));
    for (const section of ["global", "download"]) {
      for (const [key, value] of sections.get(section) ?? []) values.set(key, value);
    }
  }
  for (const [name, value] of Object.entries(environment)) {
    const key = /^PIP_(.+)$/.exec(name)?.[1]?.toLowerCase().replaceAll("_", "-");
    if (key !== undefined && value) values.set(key, value);
  }
  const list = (key: string): string[] => (values.get(key) ?? "").split(/\s+/).filter((one) => one !== "");
  const noIndex = ["1", "true", "yes", "on", "y", "t"].includes(values.get("no-index")?.toLowerCase() ?? "");
  const cert = values.get("cert") ?? environment["REQUESTS_CA_BUNDLE"] ?? environment["CURL_CA_BUNDLE"];
  return {
    indexes: noIndex ? [] : [values.get("index-url") ?? defaults.index, ...list("extra-index-url")],
    findLinks: list("find-links"),
    certificates: cert ? expandHome(cert, environment) : undefined,
    proxy: values.get("proxy"),
    trustedHosts: list("trusted-host"),
    timeoutSeconds: positive(values.get("timeout") ?? values.get("default-timeout"), defaults.timeoutSeconds),
    retries: positive(values.get("retries"), defaults.retries),
  };
}

/** Where pip looks, later files before earlier ones; PIP_CONFIG_FILE stands in for the user's. */
function configurationFiles(environment: Environment, systemFile: string): string[] {
  const chosen = environment["PIP_CONFIG_FILE"];
  if (chosen === "/dev/null") return [];
  const home = homeOf(environment);
  const systems = given(environment, "XDG_CONFIG_DIRS", "/etc/xdg")
    .split(":")
    .filter((one) => one !== "");
  const user = [
    join(home, ".pip", "pip.conf"),
    join(given(environment, "XDG_CONFIG_HOME", join(home, ".config")), "pip", "pip.conf"),
  ];
  const virtual = environment["VIRTUAL_ENV"];
  return [
    ...systems.map((folder) => join(folder, "pip", "pip.conf")),
    systemFile,
    ...(chosen && existsSync(chosen) ? [] : user),
    ...(virtual ? [join(virtual, "pip.conf")] : []),
    ...(chosen ? [chosen] : []),
  ];
}

/** Sections of an INI file as Python reads them: `key = value` or `key: value`, indented lines continue a value. */
export function parseConfiguration(text: string): Map<string, Map<string, string>> {
  const sections = new Map<string, Map<string, string>>();
  let section = new Map<string, string>();
  let last: string | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const name = /^\[([^\]]+)\]/.exec(line)?.[1];
    const pair = /^([^\s=:][^=:]*?)\s*[=:]\s*(.*?)\s*$/.exec(line);
    if (name !== undefined) {
      section = sections.get(name) ?? new Map<string, string>();
      sections.set(name, section);
      last = undefined;
    } else if (/^\s/.test(line) && last !== undefined) {
      section.set(last, `${section.get(last) ?? ""}\n${line.trim()}`);
    } else if (pair) {
      last = (pair[1] ?? "").toLowerCase().replaceAll("_", "-").replace(/^--/, "");
      section.set(last, pair[2] ?? "");
    }
  }
  return sections;
}

/** The user's home folder: $HOME where it is set, as in Python. */
export function homeOf(environment: Environment): string {
  return given(environment, "HOME", homedir());
}

/** A variable, or what holds where it is unset or empty. */
function given(environment: Environment, name: string, otherwise: string): string {
  const value = environment[name] ?? "";
  return value === "" ? otherwise : value;
}

function expandHome(path: string, environment: Environment): string {
  return path.startsWith("~/") ? join(homeOf(environment), path.slice(2)) : path;
}

function positive(text: string | undefined, otherwise: number): number {
  const value = Number(text ?? Number.NaN);
  return Number.isFinite(value) && value >= 0 ? value : otherwise;
}
