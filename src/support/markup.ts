/** A piece of HTML, as against text that is yet to be escaped. */
export class Markup {
  constructor(readonly text: string) {}
}

type Value = Markup | string | number | null | readonly Value[];

/**
 * HTML from a template: what is put in is escaped unless it is HTML itself; lists are joined, null is nothing.
 *
 *     markup`<li title="${name}">${name} ${markup`<b>${count}</b>`}</li>`
 */
export function markup(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  return new Markup(parts.map((part, i) => part + (i < values.length ? written(values[i]!) : "")).join(""));
}

function written(value: Value): string {
  if (value === null) return "";
  if (value instanceof Markup) return value.text;
  if (typeof value === "object") return value.map(written).join("");
  return escaped(String(value));
}

const ENTITIES: Partial<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (letter) => ENTITIES[letter] ?? letter);
}
