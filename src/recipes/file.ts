import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { definingMethods } from "../methods/schemas.js";
import { LIMITS } from "../support/budget.js";
import { UsageError, systemCode } from "../support/errors.js";
import type { Json, JsonObject } from "../support/json.js";

export const recipeExtensions: readonly string[] = [".json", ".yaml", ".yml", ".js", ".mjs", ".ts"];

/**
 * The recipe that a file holds, unchecked: JSON, YAML, or the default export of a module, which may define methods.
 *
 * @throws UsageError when the file cannot be read or understood.
 */
export async function readRecipeFile(path: string): Promise<Json> {
  switch (extname(path)) {
    case ".json":
      return parsed(path, "JSON", (text) => JSON.parse(text) as Json);
    case ".yaml":
    case ".yml": {
      const { parse } = await import("yaml");
      return parsed(path, "YAML", (text) => parse(text) as Json);
    }
    default: {
      const from = { file: resolve(path), sha256: fileHash(path) };
      return definingMethods(from, () =>
        extname(path) === ".ts" ? importTypeScript(path) : importDefault(path, path),
      );
    }
  }
}

/** SHA-256 of a recipe file's text. @throws UsageError when it cannot be read. */
export function fileHash(path: string): string {
  return createHash("sha256").update(readText(path)).digest("hex");
}

function parsed(path: string, format: string, parse: (text: string) => Json): Json {
  const text = readText(path);
  let found: Json;
  try {
    found = parse(text);
  } catch (error) {
    const reason = messageOf(error).startsWith("Maximum call stack") ? TOO_DEEP : messageOf(error);
    throw new UsageError(`${path}: not ${format}: ${reason}`, { cause: error });
  }
  if (isTooDeep(found)) throw new UsageError(`${path}: ${TOO_DEEP}; an alias must not lead back to itself`);
  return found;
}

const TOO_DEEP = `expected at most ${LIMITS.depth} lists and mappings within each other`;

/** Whether there are too many levels, as in a YAML document that holds itself. */
function isTooDeep(document: Json): boolean {
  let level = new Set<Json>([document]);
  for (let depth = 0; depth <= LIMITS.depth; depth++) {
    const next = [...level].flatMap((value) =>
      typeof value === "object" && value !== null ? Object.values(value as JsonObject) : [],
    );
    level = new Set(next.filter((value) => typeof value === "object"));
    if (level.size === 0) return false;
  }
  return true;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const reason = systemCode(error) === "ENOENT" ? "there is no such file" : messageOf(error);
    throw new UsageError(`cannot read recipe ${path}: ${reason}`, { cause: error });
  }
}

/** @param file what is imported: `path` itself, or what was made of it. */
async function importDefault(path: string, file: string): Promise<Json> {
  readText(path);
  let exported: { default?: unknown };
  try {
    exported = (await import(pathToFileURL(resolve(file)).href)) as { default?: unknown };
  } catch (error) {
    throw new UsageError(`${path}: cannot be run: ${messageOf(error)}`, { cause: error });
  }
  if (exported.default === undefined)
    throw new UsageError(`${path}: expected a recipe as its default export`);
  return exported.default as Json;
}

/**
 * Node.js 20 does not run TypeScript: its types are removed by the compiler into a file that lies beside the
 * source while it is imported, so that its own imports are found.
 */
async function importTypeScript(path: string): Promise<Json> {
  const source = readText(path);
  const { default: typescript } = await import("typescript").catch((error: unknown) => {
    throw new UsageError(
      `${path}: reading .ts recipes takes the typescript package; use .js, .yaml or .json`,
      {
        cause: error,
      },
    );
  });
  const module = typescript.ModuleKind.ESNext;
  const { outputText } = typescript.transpileModule(source, {
    compilerOptions: { module, target: typescript.ScriptTarget.ES2022 },
  });
  const plain = join(dirname(path), `.${basename(path)}.${process.pid}.mjs`);
  try {
    writeFileSync(plain, outputText);
    return await importDefault(path, plain);
  } finally {
    rmSync(plain, { force: true });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
