import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Yaml from "yaml";
import { definingMethods } from "../methods/schemas.js";
import { LIMITS, shownValue } from "../support/budget.js";
import { UsageError, systemCode } from "../support/errors.js";
import type { Json, JsonObject } from "../support/json.js";
import { repeatedKey } from "../support/json-text.js";

export const recipeExtensions: readonly string[] = [".json", ".yaml", ".yml", ".js", ".mjs", ".ts"];

/**
 * The recipe that a file holds, unchecked: JSON, YAML, or the default export of a module, which may define methods.
 *
 * @param maxText characters of JSON or YAML, which takes microseconds for each; that of a run holds its classes and images.
 * @throws UsageError when the file cannot be read or understood.
 */
export async function readRecipeFile(path: string, maxText: number = LIMITS.recipeText): Promise<Json> {
  switch (extname(path)) {
    case ".json":
      return parsed(path, "JSON", (text) => parseJson(text, maxText));
    case ".yaml":
    case ".yml": {
      const yaml = await import("yaml");
      return parsed(path, "YAML", (text) => parseYaml(text, maxText, yaml));
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

function requireLength(text: string, maxText: number): void {
  if (text.length > maxText)
    throw new SyntaxError(`expected at most ${maxText} characters, found ${text.length}`);
}

function parseJson(text: string, maxText: number): Json {
  requireLength(text, maxText);
  const value = JSON.parse(text) as Json;
  const repeated = repeatedKey(text);
  if (repeated === null) return value;
  throw twice(repeated.key, text.slice(0, repeated.at).split("\n").length);
}

/** Looks for equal keys itself: the library compares each with all before it, which takes minutes for 100,000. */
function parseYaml(
  text: string,
  maxText: number,
  { LineCounter, isScalar, parseDocument, visit }: typeof Yaml,
): Json {
  requireLength(text, maxText);
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { uniqueKeys: false, lineCounter });
  const [fault] = document.errors;
  if (fault !== undefined) throw fault;
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<unknown>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) throw twice(key.value, lineCounter.linePos(key.range?.[0] ?? 0).line);
        seen.add(key.value);
      }
    },
  });
  return document.toJS() as Json;
}

function twice(key: unknown, line: number): SyntaxError {
  return new SyntaxError(`${shownValue(key)} is there twice, the second time in line ${line}`);
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
 * Node.js 20 does not run TypeScript: its types are removed into a file that lies beside the source while it is imported, so
 * that its own imports are found.
 */
async function importTypeScript(path: string): Promise<Json> {
  const source = await withoutTypes(path);
  const plain = join(dirname(path), `.${basename(path)}.${process.pid}.mjs`);
  try {
    writeFileSync(plain, source);
    return await importDefault(path, plain);
  } finally {
    rmSync(plain, { force: true });
  }
}

async function withoutTypes(path: string): Promise<string> {
  const { transformSync } = await import("@swc/wasm-typescript");
  const source = readText(path);
  try {
    return transformSync(source, { mode: "transform" }).code;
  } catch (error) {
    const { message, startLine } = error as { readonly message: string; readonly startLine?: number };
    const place = startLine === undefined ? "" : ` in line ${startLine}`;
    throw new UsageError(`${path}: not TypeScript: ${message}${place}`, { cause: error });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
