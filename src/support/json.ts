/**
 * A value as JSON has it: what recipes and their changes are made of.
 *
 * @example
 * const set: Record<string, Json> = { epochs: 8, "optimizer.lr": 0.02 };
 */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/**
 * An object as JSON has it.
 *
 * @example
 * const schedule: JsonObject = { kind: "constant" };
 */
export interface JsonObject {
  readonly [key: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object that a line of JSON holds; null when it holds something else, or was cut short. */
export function objectIn(line: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** A value as the text of a file that people read, too. */
export function prettyJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** The value at a path of keys and indices, undefined when there is none. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, key) => {
    if (typeof inner !== "object" || inner === null) return undefined;
    return Object.hasOwn(inner, key) ? (inner as Record<PropertyKey, unknown>)[key] : undefined;
  }, value);
}

/** A file's values are what a program of any version wrote; what is not of the type that is meant is not there. */
export function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
