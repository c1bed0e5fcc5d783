/** Benches and scripts are plain JavaScript that imports the built project: what they import has to be there. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { expect, test } from "vitest";

const project = join(import.meta.dirname, "..");
const dist = join(project, "dist/");
const files = ["bench", "scripts"].flatMap((folder) =>
  readdirSync(join(project, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".mjs"))
    .map((name) => join(folder, name)),
);

interface Imported {
  /** File of the project that the module is built from. */
  readonly source: string;
  readonly names: readonly string[];
}

/** What a file imports of dist, statically or by `await import(…)`. */
function importsOf(file: string): Imported[] {
  const text = readFileSync(join(project, file), "utf8");
  const found = [...text.matchAll(/(?:import|const)\s*\{([^}]*)\}\s*(?:from|= await import\()\s*"([^"]+)"/g)];
  return found.flatMap(([, names = "", module = ""]) => {
    const path = resolve(dirname(join(project, file)), module);
    if (!path.startsWith(dist)) return [];
    const source = join(project, "src", path.slice(dist.length).replace(/[.]js$/, ".ts"));
    const imported = names.split(",").map((name) => name.trim().split(/ as |:/)[0]!);
    return [{ source, names: imported.filter((name) => name !== "") }];
  });
}

const importing = files.filter((file) => importsOf(file).length > 0);

test("there are such files", () => {
  expect(importing.length).toBeGreaterThan(15);
});

test.each(importing)("%s imports what the project has", async (file) => {
  for (const { source, names } of importsOf(file)) {
    expect(existsSync(source), `${file}: expected ${source}`).toBe(true);
    expect(Object.keys((await import(source)) as object)).toEqual(expect.arrayContaining([...names]));
  }
});
