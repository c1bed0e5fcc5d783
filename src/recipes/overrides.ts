import { UsageError } from "../support/errors.js";
import { isObject, type Json } from "../support/json.js";

/** One `--set key=value`. */
export interface Override {
  readonly path: readonly string[];
  readonly value: Json;
  /** As it was written, for messages. */
  readonly text: string;
}

/** Reads `optimizer.lr=0.05`: a dotted path and a value in JSON, or text when it is no JSON. */
export function parseOverride(text: string): Override {
  const [, path, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (path === undefined || value === undefined || path.split(".").includes("")) {
    throw new UsageError(`--set expects key=value, such as optimizer.lr=0.05; found ${JSON.stringify(text)}`);
  }
  return { path: path.split("."), value: parseValue(value), text: `--set ${text}` };
}

function parseValue(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/**
 * The recipe with the overrides laid over it, in their order except that `kind`s come first: another kind
 * drops the settings of the old one.
 */
export function applyOverrides(recipe: Json, overrides: readonly Override[]): Json {
  const choosesKind = ({ path }: Override): boolean => path.at(-1) === "kind";
  const ordered = [...overrides.filter(choosesKind), ...overrides.filter((one) => !choosesKind(one))];
  return ordered.reduce<Json>(
    (result, { path, value }) => withValue(result, path, { value, place: "" }),
    recipe,
  );
}

/** A value, and the key under which lies what it is put into. */
interface KeyedValue {
  readonly value: Json;
  readonly place: string;
}

function withValue(target: Json | undefined, path: readonly string[], { value, place }: KeyedValue): Json {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(target)) return withItem(target as readonly Json[], key, rest, value);
  const object = isObject(target) ? target : {};
  if (key === "kind" && object["kind"] !== value && kindReplaces(place)) return { kind: value };
  return { ...object, [key]: withValue(object[key], rest, { value, place: key }) };
}

function withItem(list: readonly Json[], key: string, rest: readonly string[], value: Json): Json {
  const index = Number(key);
  if (!Number.isInteger(index) || index < 0 || index > list.length) {
    throw new UsageError(`--set: expected a place in a list of ${list.length}, found ${JSON.stringify(key)}`);
  }
  const item = withValue(list[index], rest, { value, place: key });
  return [...list.slice(0, index), item, ...list.slice(index + 1)];
}

/**
 * Whether another `kind` of an object drops the settings that the old one has: it does where each kind has keys of its
 * own. `data` has one set of keys for all formats: ImageNet-LT from a list is prepared as ImageNet-LT from folders.
 *
 * @param key where the object lies in its parent
 */
function kindReplaces(key: string): boolean {
  return key !== "data";
}

/**
 * `change` laid over `base`, key by key; lists are replaced whole. When the change picks another `kind`, the
 * base's settings of the old kind do not apply, and that part starts from the change alone.
 */
export function merge(base: Json | undefined, change: Json, place = ""): Json {
  if (!isObject(base) || !isObject(change)) return change;
  if ("kind" in change && change["kind"] !== base["kind"] && kindReplaces(place)) return change;
  const merged: Record<string, Json> = { ...base };
  for (const [key, value] of Object.entries(change)) merged[key] = merge(base[key], value, key);
  return merged;
}
