import type { Column, TablePart } from "../../../src/watch/protocol.ts";

/** Columns over x as the server has them by now. */
export interface Table {
  readonly x: readonly number[];
  readonly columns: Readonly<Record<string, Column>>;
}

export const NO_TABLE: Table = { x: [], columns: {} };

/** The table with what is new: it stands from the place `from` on. */
export function withPart(table: Table, part: TablePart): Table {
  const { from } = part;
  const kept = from === 0 ? {} : table.columns;
  const names = new Set([...Object.keys(kept), ...Object.keys(part.columns)]);
  const column = (name: string): Column => {
    const [before, after] = [kept[name], part.columns[name]];
    const joined = (key: keyof Column): (number | null)[] => [
      ...filled(before?.[key]?.slice(0, from), from),
      ...filled(after?.[key], part.x.length),
    ];
    if ((before ?? after)?.least === undefined) return { mean: joined("mean") };
    return { mean: joined("mean"), least: joined("least"), greatest: joined("greatest") };
  };
  return {
    x: [...table.x.slice(0, from), ...part.x],
    columns: Object.fromEntries([...names].map((name) => [name, column(name)])),
  };
}

/** A column that was not there yet, or is there no longer, has no values. */
function filled(values: readonly (number | null)[] | undefined, count: number): readonly (number | null)[] {
  return values ?? Array.from({ length: count }, () => null);
}
