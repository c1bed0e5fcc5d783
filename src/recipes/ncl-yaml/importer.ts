import { UsageError } from "../../support/errors.js";
import { nearest } from "../../support/text.js";
import type { Json } from "../../support/json.js";
import type { Override } from "../overrides.js";
import type { ReferenceConfig } from "./config.js";
import { type ReferenceKey, referenceKeyNames, referenceKeys, type ReferenceValue } from "./keys.js";
type TextKey = { [K in ReferenceKey]: ReferenceValue<K> extends string ? K : never }[ReferenceKey];

/** Collects what a file of the reference becomes: settings of a recipe, remarks, and what cannot be done. */
export class Importer {
  readonly #config: ReferenceConfig;
  readonly overrides: Override[] = [];
  readonly #remarks = new Map<string, ReferenceKey[]>(); // the keys that each is about
  readonly #refusals: string[] = [];

  constructor(config: ReferenceConfig) {
    this.#config = config;
  }

  value<K extends ReferenceKey>(key: K): ReferenceValue<K> {
    return this.#config.value(key);
  }

  /** Sets a key of the recipe because of one of the file: messages about its value will name that one. */
  set(path: string, value: Json, because: ReferenceKey): void {
    this.overrides.push({ path: path.split("."), value, text: this.#config.source(because) });
  }

  /** Sets a key of the recipe to what is no choice in the reference. */
  fix(path: string, value: Json): void {
    this.overrides.push({ path: path.split("."), value, text: "fixed in the reference" });
  }

  /** The key's value becomes that of a key of the recipe. */
  map(key: ReferenceKey, path: string): void {
    this.set(path, this.value(key), key);
  }

  /** Notes for people what differs from NCL's code. */
  remark(key: ReferenceKey, text: string): void {
    this.#remarks.set(text, [...(this.#remarks.get(text) ?? []), key]);
  }

  /** Notes for people who set a key that it has no effect. */
  unused(reason: string, ...keys: readonly ReferenceKey[]): void {
    for (const key of keys) if (this.#config.isGiven(key)) this.remark(key, `no effect: ${reason}`);
  }

  refuse(key: ReferenceKey, reason: string): void {
    this.#refusals.push(`${key}: ${reason}, found ${this.#config.shown(key)} (${this.#config.where(key)})`);
  }

  /** Refuses what the reference can do and longtail cannot. */
  notYet(key: ReferenceKey, what: string): void {
    this.#refusals.push(`${key} ${this.#config.shown(key)}: not yet: ${what} (${this.#config.where(key)})`);
  }

  /** What a name stands for; unknown names are refused. */
  choice<T>(key: TextKey, choices: Readonly<Record<string, T>>): T | undefined {
    return this.choiceOf(key, this.value(key), choices);
  }

  /** The same for a name out of a list. */
  choiceOf<T>(key: ReferenceKey, name: string, choices: Readonly<Record<string, T>>): T | undefined {
    if (Object.hasOwn(choices, name)) return choices[name];
    const names = Object.keys(choices);
    const meant = nearest(name, names);
    const hint = meant === undefined ? "" : `, did you mean ${meant}?`;
    const expected = names.length === 1 ? names[0] : `one of ${names.join(", ")}`;
    this.#refusals.push(
      `${key}: expected ${expected}, found ${JSON.stringify(name)}${hint} (${this.#config.where(key)})`,
    );
    return undefined;
  }

  /**
   * All remarks, a line each; those on keys that never have an effect come last.
   * @throws UsageError with everything that was refused.
   */
  finish(): string[] {
    if (this.#refusals.length > 0) throw new UsageError(this.#refusals.join("\n"));
    for (const key of referenceKeyNames) {
      const { noEffect } = referenceKeys[key];
      if (noEffect !== null) this.unused(noEffect, key);
    }
    return [...this.#remarks].map(([text, keys]) => `${keys.join(", ")}: ${text}`);
  }
}
