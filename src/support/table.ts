import { maxOf } from "./math.js";
export type Cell = string | number | null;

/**
 * A table as plain text: the first column left-aligned, the others right-aligned, two spaces between.
 * Numbers show one decimal, null shows "-".
 */
export function formatTable(header: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const text = [header, ...rows.map((row) => row.map(cellText))];
  const widths = header.map((_, column) => maxOf(text.map((row) => (row[column] ?? "").length)));
  return text.map((row) => formatRow(row, widths)).join("\n");
}

function formatRow(row: readonly string[], widths: readonly number[]): string {
  const cells = widths.map((width, column) => {
    const cell = row[column] ?? "";
    return column === 0 ? cell.padEnd(width) : cell.padStart(width);
  });
  return cells.join("  ").trimEnd();
}

function cellText(cell: Cell): string {
  if (cell === null) return "-";
  return typeof cell === "number" ? cell.toFixed(1) : cell;
}
