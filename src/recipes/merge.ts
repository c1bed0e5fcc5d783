import { isObject } from "./json.js";
import type { Json } from "./json.js";

/**
 * `change` laid over `base`, key by key; lists are replaced whole. When the change picks another `kind`, the
 * base's settings of the old kind do not apply, and that part starts from the change alone.
 */
export function merge(base: Json | undefined, change: Json): Json {
  if (!isObject(base) || !isObject(change)) return change;
  if ("kind" in change && change["kind"] !== base["kind"]) return change;
  const merged: Record<string, Json> = { ...base };
  for (const [key, value] of Object.entries(change)) merged[key] = merge(base[key], value);
  return merged;
}
