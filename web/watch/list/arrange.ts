import type { RunSummary } from "../../../src/watch/runs.ts";
import type { ListColumn } from "./columns.ts";

export interface Order {
  readonly column: ListColumn;
  readonly direction: "ascending" | "descending";
}

/** Runs of which name, recipe or state holds the text. */
export function matching(runs: readonly RunSummary[], text: string): readonly RunSummary[] {
  const wanted = text.trim().toLowerCase();
  return runs.filter(({ id, name, state }) => `${id} ${name ?? ""} ${state}`.toLowerCase().includes(wanted));
}

/** In the order of a column; without one, those that go on first, and the newest first. */
export function arranged(runs: readonly RunSummary[], order: Order | null): readonly RunSummary[] {
  if (order === null) return [...runs].sort(byActivity);
  const { value } = order.column;
  const sign = order.direction === "ascending" ? 1 : -1;
  return [...runs].sort((one, other) => {
    const [a, b] = [value(one) ?? null, value(other) ?? null];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return sign * compare(a, b);
  });
}

/** The next click's order: numbers largest first, words from A on, then the other way round, then none. */
export function nextOrder(order: Order | null, column: ListColumn): Order | null {
  const directions = column.isNumber
    ? (["descending", "ascending"] as const)
    : (["ascending", "descending"] as const);
  if (order?.column !== column) return { column, direction: directions[0] };
  return order.direction === directions[0] ? { column, direction: directions[1] } : null;
}

function byActivity(one: RunSummary, other: RunSummary): number {
  const goesOn = ({ state }: RunSummary): number => Number(state === "running");
  return goesOn(other) - goesOn(one) || compare(other.started ?? "", one.started ?? "");
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}
