/**
 * Parts of JSON text as they stand in it. JSON.parse and JSON.stringify would change numbers (1.0, whole numbers beyond
 * 2^53); what is not touched should stay as it is. The text must be valid JSON: JSON.parse checks that.
 */
import { LIMITS } from "./budget.js";

/**
 * What is too much in a JSON text before it is parsed: values, or lists and objects within each other, which recursive
 * functions could not walk; null for texts within the budget.
 */
export function jsonBudgetFault(
  text: string,
  { depth: maxDepth, documentValues }: { readonly depth: number; readonly documentValues: number } = LIMITS,
): string | null {
  let [depth, values] = [0, 0];
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (character === QUOTE) i = endOfString(text, i) - 1;
    else if (character === COMMA) values += 1;
    else if (character === CLOSING_BRACKET || character === CLOSING_BRACE) depth -= 1;
    else if (character === OPENING_BRACKET || character === OPENING_BRACE) {
      values += 1;
      depth += 1;
      if (depth > maxDepth) return `expected at most ${maxDepth} lists and objects within each other`;
    }
    if (values > documentValues) return `expected at most ${documentValues} values`;
  }
  return null;
}

/** A key that one object has twice, and where the second stands; null where each is there once. JSON.parse takes the last. */
export function repeatedKey(text: string): { readonly key: string; readonly at: number } | null {
  const open: (Set<string> | null)[] = []; // of objects, their keys; of lists, null
  let keyFollows = false;
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (character === QUOTE) {
      const end = endOfString(text, i);
      if (keyFollows) {
        const raw = text.slice(i + 1, end - 1);
        const key = raw.includes("\\") ? (JSON.parse(`"${raw}"`) as string) : raw;
        const keys = open.at(-1)!;
        if (keys.has(key)) return { key, at: i };
        keys.add(key);
      }
      keyFollows = false;
      i = end - 1;
    } else if (character === OPENING_BRACE) {
      open.push(new Set());
      keyFollows = true;
    } else if (character === OPENING_BRACKET) {
      open.push(null);
      keyFollows = false;
    } else if (character === CLOSING_BRACE || character === CLOSING_BRACKET) {
      open.pop();
      keyFollows = false;
    } else if (character === COMMA) keyFollows = open.at(-1) instanceof Set;
  }
  return null;
}

export interface JsonMember {
  readonly key: string;
  /** The value's text. */
  readonly json: string;
}

/** The members of an object, in order. */
export function jsonMembers(text: string): JsonMember[] {
  return placesOfMembers(text).map(({ key, from, to }) => ({ key, json: text.slice(from, to) }));
}

/** The elements of a list. */
export function jsonElements(text: string): string[] {
  const elements: string[] = [];
  let at = skipBlanks(text, skipBlanks(text, 0) + 1);
  while (text[at] !== "]") {
    const end = endOfValue(text, at);
    elements.push(text.slice(at, end));
    at = skipBlanks(text, end);
    if (text[at] === ",") at = skipBlanks(text, at + 1);
  }
  return elements;
}

/** The object with other values for some of its members. */
export function withMembers(text: string, values: Readonly<Record<string, unknown>>): string {
  let changed = "";
  let at = 0;
  for (const { key, from, to } of placesOfMembers(text)) {
    if (!(key in values)) continue;
    changed += text.slice(at, from) + JSON.stringify(values[key]);
    at = to;
  }
  return changed + text.slice(at);
}

interface Place {
  readonly key: string;
  /** Of the value. */
  readonly from: number;
  readonly to: number;
}

function placesOfMembers(text: string): Place[] {
  const places: Place[] = [];
  let at = skipBlanks(text, skipBlanks(text, 0) + 1);
  while (text[at] !== "}") {
    const keyEnd = endOfString(text, at);
    const from = skipBlanks(text, skipBlanks(text, keyEnd) + 1);
    const to = endOfValue(text, from);
    places.push({ key: JSON.parse(text.slice(at, keyEnd)) as string, from, to });
    at = skipBlanks(text, to);
    if (text[at] === ",") at = skipBlanks(text, at + 1);
  }
  return places;
}

function skipBlanks(text: string, at: number): number {
  while (/\s/.test(text.charAt(at))) at += 1;
  return at;
}

function endOfString(text: string, at: number): number {
  for (let i = at + 1; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (character === BACKSLASH) i += 1;
    else if (character === QUOTE) return i + 1;
  }
  return text.length;
}

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPENING_BRACKET, CLOSING_BRACKET, OPENING_BRACE, CLOSING_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];

function endOfValue(text: string, at: number): number {
  const first = text[at];
  if (first === '"') return endOfString(text, at);
  if (first !== "{" && first !== "[") {
    let end = at;
    while (end < text.length && !/[\s,}\]]/.test(text.charAt(end))) end += 1;
    return end;
  }
  let depth = 0;
  for (let i = at; ;) {
    const character = text[i];
    if (character === '"') {
      i = endOfString(text, i);
      continue;
    }
    if (character === "{" || character === "[") depth += 1;
    if (character === "}" || character === "]") depth -= 1;
    i += 1;
    if (depth === 0) return i;
  }
}
