/**
 * Parts of JSON text as they stand in it. JSON.parse and JSON.stringify would change numbers (1.0, whole numbers beyond
 * 2^53); what is not touched should stay as it is. The text must be valid JSON: JSON.parse checks that.
 */

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
  for (let i = at + 1; ; i++) {
    const character = text.charCodeAt(i);
    if (character === BACKSLASH) i += 1;
    else if (character === QUOTE) return i + 1;
  }
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];

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
