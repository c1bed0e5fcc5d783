import { readFileSync } from "node:fs";
import { LIBTORCH_VERSION } from "../libtorch/version.js";
import type { Versions } from "./run-folder.js";
import { codeHash } from "./code-hash.js";

export function longtailVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** What a run is made with. */
export function versions(): Versions {
  const { node } = process.versions;
  return { longtail: longtailVersion(), code: codeHash(), libtorch: LIBTORCH_VERSION, node };
}
