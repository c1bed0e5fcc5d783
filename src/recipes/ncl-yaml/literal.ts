import type { Json } from "../../support/json.js";

const TOKEN =
  /\s*(?:(?<sign>[()[\],])|(?<text>'[^'\\]*'|"[^"\\]*")|(?<name>True|False|None)(?!\w)|(?<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?!\w))/y;

const names = new Map<string, Json>([
  ["True", true],
  ["False", false],
  ["None", null],
]);

/**
 * The value that a text writes as a Python literal: a number, 'text', True, False, None, or a tuple or list of them,
 * both of which become lists. Undefined when it is none, as in `(32, 32`; `(32)` is the number 32.
 */
export function parseLiteral(text: string): Json | undefined {
  const reader = new Reader(text);
  const value = reader.value();
  return reader.atEnd() ? value : undefined;
}

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    return this.#text.slice(this.#at).trim() === "";
  }

  value(): Json | undefined {
    const { sign, text, name, number } = this.#next() ?? {};
    if (text !== undefined) return text.slice(1, -1);
    if (name !== undefined) return names.get(name);
    if (number !== undefined) return Number(number);
    if (sign === "(") return this.#tuple();
    return sign === "[" ? this.#items("]")?.list : undefined;
  }

  /** What parentheses hold: a tuple where there is a comma or nothing, else the value itself. */
  #tuple(): Json | undefined {
    const { list, commas } = this.#items(")") ?? {};
    return list?.length === 1 && commas === 0 ? list[0] : list;
  }

  /** Values separated by commas up to `end`; one more comma may follow the last. */
  #items(end: ")" | "]"): { list: Json[]; commas: number } | undefined {
    const list: Json[] = [];
    for (let commas = 0; ; commas += 1) {
      if (this.#skip(end)) return { list, commas };
      const value = this.value();
      if (value === undefined) return undefined;
      list.push(value);
      if (this.#skip(end)) return { list, commas };
      if (!this.#skip(",")) return undefined;
    }
  }

  #skip(sign: string): boolean {
    const start = this.#at;
    if (this.#next()?.["sign"] === sign) return true;
    this.#at = start;
    return false;
  }

  #next(): Record<string, string | undefined> | undefined {
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#text);
    if (match === null) return undefined;
    this.#at = TOKEN.lastIndex;
    return match.groups;
  }
}
