/** NOTICE names everything that is installed or fetched, with its license. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { CUDA_WHEELS } from "../src/libtorch/wheels.js";
import { WEIGHTS } from "../src/weights/registry.js";

const root = join(import.meta.dirname, "..");
const notice = readFileSync(join(root, "NOTICE"), "utf8");

interface Package {
  readonly license?: string;
  readonly files?: readonly string[];
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

function packageAt(folder: string): Package {
  return JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as Package;
}

test("every package that npm installs with longtail, with the license that it says", () => {
  const { dependencies = {}, optionalDependencies = {}, files = [] } = packageAt(".");
  const lines = notice.split("\n");
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const { license = "" } = packageAt(join("node_modules", name));
    const line = lines.find((one) => one.split(/ {2,}/)[0] === name);
    expect(line, name).toContain(license.replaceAll(/[()]/g, ""));
  }
  expect(files).toContain("NOTICE");
});

test("every wheel of the engine and every file of weights that is fetched", () => {
  for (const { wheel } of CUDA_WHEELS) expect(notice).toMatch(new RegExp(`\\b${wheel.name}\\b`));
  for (const { name, license } of Object.values(WEIGHTS))
    expect(notice).toMatch(new RegExp(`^${name} +${license}\\b`, "m"));
});
