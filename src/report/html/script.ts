/**
 * Sorts the table of classes by a click on a column's head, and shows those of its rows that hold what is searched for.
 * Without it the table is whole, in its own order.
 */
export const SCRIPT = `
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const key = (row, column) => {
    const text = row.cells[column].textContent.trim();
    return table.tHead.rows[0].cells[column].classList.contains("number") ? (text === "-" ? -1 : Number(text)) : text.toLowerCase();
  };
  for (const head of table.tHead.rows[0].cells) {
    const column = head.cellIndex;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const before = head.getAttribute("aria-sort");
      const ascending = before === null ? !head.classList.contains("number") : before === "descending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const sign = ascending ? 1 : -1;
      const keyed = rows.map((row) => [key(row, column), row]);
      keyed.sort(([a], [b]) => sign * (typeof a === "number" ? a - b : a.localeCompare(b, "en", { numeric: true })));
      body.append(...keyed.map(([, row]) => row));
    });
  }
  const search = table.closest("details").querySelector(".search");
  const [input, status] = [search.querySelector("input"), search.querySelector("[role=status]")];
  search.hidden = false;
  input.addEventListener("input", () => {
    const wanted = input.value.trim().toLowerCase();
    let shown = 0;
    for (const row of rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      shown += row.hidden ? 0 : 1;
    }
    status.textContent = wanted === "" ? "" : shown + " of " + rows.length;
  });
}
`;
