import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseConfiguration, readPipSettings, type PipSettings } from "./pip-settings.js";

let home = "";
let environment: Record<string, string> = {};
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "longtail-pip-"));
  environment = { HOME: home, XDG_CONFIG_DIRS: join(home, "system") };
});
afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

/** Writes a configuration file below the home folder. */
function write(path: string, text: string): string {
  const file = join(home, path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, text);
  return file;
}

/** The settings on a machine whose own file is not there. */
function settings(variables: Record<string, string>): PipSettings {
  return readPipSettings(variables, join(home, "none"));
}

test("without settings pip's defaults hold", () => {
  expect(readPipSettings({ HOME: home, PIP_CONFIG_FILE: "/dev/null" })).toEqual({
    indexes: ["https://pypi.org/simple"],
    findLinks: [],
    certificates: undefined,
    proxy: undefined,
    trustedHosts: [],
    timeoutSeconds: 15,
    retries: 5,
  });
});

test("the user's file goes before the system's, [download] before [global], and a variable before all", () => {
  write(
    "system/pip/pip.conf",
    "[global]\nindex-url = https://system/\nproxy = http://system:1\ntimeout: 7\n",
  );
  write(".config/pip/pip.conf", "[download]\nproxy = http://user:1\n[global]\nproxy = http://late:1\n");
  environment["PIP_TIMEOUT"] = "9";
  expect(settings(environment)).toMatchObject({
    indexes: ["https://system/"],
    proxy: "http://user:1",
    timeoutSeconds: 9,
  });
});

test("PIP_CONFIG_FILE stands in for the user's file", () => {
  write(".config/pip/pip.conf", "[global]\nindex-url = https://user/\nretries = 1\n");
  const PIP_CONFIG_FILE = write("chosen.conf", "[global]\nindex_url = https://chosen/\n");
  expect(settings({ ...environment, PIP_CONFIG_FILE })).toMatchObject({
    indexes: ["https://chosen/"],
    retries: 5,
  });
});

test("several indexes, folders and hosts, from lines of a file or words of a variable", () => {
  write(
    ".pip/pip.conf",
    "[global]\n# ours\nextra-index-url =\n    https://a/simple\n    https://b/simple\ntrusted-host = a b:8080\n",
  );
  environment["PIP_FIND_LINKS"] = "/wheels https://pages/";
  expect(settings(environment)).toMatchObject({
    indexes: ["https://pypi.org/simple", "https://a/simple", "https://b/simple"],
    findLinks: ["/wheels", "https://pages/"],
    trustedHosts: ["a", "b:8080"],
  });
});

test("no-index leaves find-links alone", () => {
  environment["PIP_NO_INDEX"] = "true";
  environment["PIP_EXTRA_INDEX_URL"] = "https://a/";
  expect(settings(environment).indexes).toEqual([]);
});

test("certificates: cert, PIP_CERT, and what Python's requests knows", () => {
  expect(settings({ ...environment, REQUESTS_CA_BUNDLE: "/a.pem" }).certificates).toBe("/a.pem");
  write(".pip/pip.conf", "[global]\ncert = ~/own.pem\n");
  expect(settings({ ...environment, REQUESTS_CA_BUNDLE: "/a.pem" }).certificates).toBe(join(home, "own.pem"));
  expect(settings({ ...environment, PIP_CERT: "/b.pem" }).certificates).toBe("/b.pem");
});

test("an empty variable is none", () => {
  expect(settings({ ...environment, PIP_INDEX_URL: "" }).indexes).toEqual(["https://pypi.org/simple"]);
});

test("a configuration with comments, colons and values over several lines", () => {
  const text =
    "; note\n[global]\nIndex_URL: https://a/x=y\n\nextra =\n  one\n  # not this\n  two\n[install]\nuser = no\n";
  const sections = parseConfiguration(text);
  expect([...(sections.get("global") ?? [])]).toEqual([
    ["index-url", "https://a/x=y"],
    ["extra", "\none\ntwo"],
  ]);
  expect([...(sections.get("install") ?? [])]).toEqual([["user", "no"]]);
});
