import { UsageError } from "../../support/errors.js";
import { nearest } from "../../support/text.js";
import { isObject, type Json, type JsonObject } from "../../support/json.js";
import {
  isReferenceKey,
  type KeySpec,
  type ReferenceKey,
  referenceKeyNames,
  referenceKeys,
  type ReferenceValue,
} from "./keys.js";
import { linesOfFaults, shorten } from "../faults.js";
import { parseLiteral } from "./literal.js";

interface Given {
  readonly value: Json;
  /** The file's path, or the setting as it was written after the file. */
  readonly where: string;
}

/** A YAML file of the reference with the settings after it: every key, checked for its type. */
export class ReferenceConfig {
  readonly #given: ReadonlyMap<string, Given>;

  private constructor(given: ReadonlyMap<string, Given>) {
    this.#given = given;
  }

  /**
   * @param settings KEY, VALUE, KEY, VALUE …: laid over the file in their order, as the reference's merge_from_list does.
   * @throws UsageError with a line for every unknown key and every value of a wrong type.
   */
  static read(document: JsonObject, path: string, settings: readonly string[]): ReferenceConfig {
    const faults: (() => string)[] = [];
    const given = new Map<string, Given>();
    const entries = [...leaves(document, "", path), ...pairs(settings)];
    for (const [name, found] of entries) {
      if (isReferenceKey(name)) given.set(name, found);
      else faults.push(() => unknownKey(name, found));
    }
    for (const [name, found] of given) {
      const spec = referenceKeys[name as ReferenceKey];
      const value = valueOf(spec, found.value);
      if (value === undefined) faults.push(() => wrongType(name, spec, found));
      else given.set(name, { ...found, value });
    }
    if (faults.length > 0) throw new UsageError(linesOfFaults(faults, (text) => [text()]));
    return new ReferenceConfig(given);
  }

  /** The key's value, or the reference's default. */
  value<K extends ReferenceKey>(key: K): ReferenceValue<K> {
    return (this.#given.get(key)?.value ?? referenceKeys[key].default) as ReferenceValue<K>;
  }

  isGiven(key: ReferenceKey): boolean {
    return this.#given.has(key);
  }

  /** The value as the file would write it, for messages. */
  shown(key: ReferenceKey): string {
    const value = this.value(key);
    return typeof value === "boolean" ? (value ? "True" : "False") : JSON.stringify(value);
  }

  /** Where the key's value is from, for messages about the key. */
  where(key: ReferenceKey): string {
    return this.#given.get(key)?.where ?? "the reference's default";
  }

  /** The same for messages that do not name the key. */
  source(key: ReferenceKey): string {
    const where = this.where(key);
    return where.startsWith(`${key} `) ? where : `${key}: ${where}`;
  }
}

/** Values below sections, by their dotted names. */
function* leaves(section: JsonObject, prefix: string, where: string): Generator<[string, Given]> {
  for (const [key, value] of Object.entries(section)) {
    const name = prefix + key;
    if (isObject(value) && !isReferenceKey(name)) yield* leaves(value, `${name}.`, where);
    else yield [name, { value, where }];
  }
}

function* pairs(settings: readonly string[]): Generator<[string, Given]> {
  for (let i = 0; i < settings.length; i += 2) {
    const [key = "", text] = settings.slice(i, i + 2);
    if (text === undefined)
      throw new UsageError(`expected KEY VALUE pairs after the file, found ${key} without a value`);
    yield [key, { value: text, where: `${key} ${text}` }];
  }
}

/** Text counts as the Python literal that it writes, `(32, 32)` or `2e-4`, unless the key takes text. */
function valueOf(spec: KeySpec<Json>, value: Json): Json | undefined {
  const literal = typeof value === "string" ? parseLiteral(value) : undefined;
  const fromLiteral = literal === undefined ? undefined : spec.read(literal);
  return fromLiteral ?? spec.read(value);
}

function unknownKey(name: string, { value, where }: Given): string {
  const inside = referenceKeyNames.filter((key) => key.startsWith(`${name}.`));
  if (inside.length > 0)
    return `${name}: expected a section of keys such as ${inside[0]}, found ${shorten(value)} (${where})`;
  const meant = nearest(name, referenceKeyNames);
  const hint = meant === undefined ? "it is none of the reference's" : `did you mean ${meant}?`;
  return `unknown key ${name}; ${hint} (${where})`;
}

function wrongType(name: string, { type }: KeySpec<Json>, { value, where }: Given): string {
  return `${name}: expected ${type}, found ${shorten(value)} (${where})`;
}
