/** "43.3 %" */
export function percentText(value: number): string {
  return `${value.toFixed(1)} %`;
}

/** "31.2 points", as against a share of something. */
export function pointsText(value: number): string {
  const shown = Math.abs(value).toFixed(1);
  return `${shown} ${shown === "1.0" ? "point" : "points"}`;
}

/** "1 class", "12 classes" */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** "a", "a and b", "a, b and c" */
export function listed(items: readonly string[]): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items.at(-1)!}`;
}

/** Sentences without those that do not apply. */
export function sentences(...parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null && part !== "").join(" ");
}
