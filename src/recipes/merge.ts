import { isObject, type Json } from "../support/json.js";

/**
 * Whether another `kind` of an object drops the settings that the old one has: it does where each kind has keys of its
 * own. `data` has one set of keys for all formats: ImageNet-LT from a list is prepared as ImageNet-LT from folders.
 *
 * @param key where the object lies in its parent
 */
export function kindReplaces(key: string): boolean {
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
