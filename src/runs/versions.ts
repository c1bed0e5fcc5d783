import { readFileSync, existsSync, readdirSync } from "node:fs";
import { LIBTORCH_VERSION } from "../libtorch/version.js";
import type { Versions } from "./run-folder.js";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Modules as they run, built or not, without types and tests; and what the addon is compiled from. */
const CODE = /(?<!\.d|\.test|\.fixture)\.(js|ts|cpp|h|cu)$/;

/**
 * SHA-256 of longtail's own code: of each module and each source of the addon, in order of their paths, a line of the path,
 * the content's length, and the content. A change that nobody has given a version yet shows in it.
 */
export function codeHash(): string {
  const hash = createHash("sha256");
  for (const folder of ["..", "../../native"].map((path) => fileURLToPath(new URL(path, import.meta.url)))) {
    if (!existsSync(folder)) continue;
    const names = readdirSync(folder, { recursive: true }).map(String);
    for (const name of names.filter((one) => CODE.test(one)).sort()) {
      const content = readFileSync(join(folder, name));
      hash.update(`${name} ${content.length}\n`).update(content);
    }
  }
  return hash.digest("hex");
}

export function longtailVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

/** What a run is made with. */
export function versions(): Versions {
  const { node } = process.versions;
  return { longtail: longtailVersion(), code: codeHash(), libtorch: LIBTORCH_VERSION, node };
}
