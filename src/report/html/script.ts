/**
 * Shows the class and the file of the image that is pointed at on a map, and the class's other images; a chosen class stays
 * marked. Without it the points have titles.
 */
const MAP_SCRIPT = `
for (const map of document.querySelectorAll(".map")) {
  const points = [...map.querySelectorAll("circle")];
  const [choice, select, picture, status] = [".choice", "select", "svg", "[role=status]"].map((part) => map.querySelector(part));
  const hint = status.textContent;
  const mark = (label) => {
    for (const point of points) point.classList.toggle("other", label !== "" && point.dataset.label !== label);
  };
  const reset = () => {
    mark(select.value);
    const images = points.filter((point) => point.dataset.label === select.value).length;
    status.textContent = select.value === "" ? hint : select.value + ": " + images + (images === 1 ? " image" : " images");
  };
  const show = ({ target }) => {
    const point = target.closest("circle");
    if (point === null) return reset();
    mark(point.dataset.label);
    status.textContent = point.textContent;
  };
  picture.addEventListener("pointerover", show);
  picture.addEventListener("click", show);
  picture.addEventListener("pointerleave", ({ pointerType }) => pointerType === "mouse" && reset());
  select.addEventListener("change", reset);
  choice.hidden = false;
}
`;

/**
 * Sorts the table of classes by a click on a column's head, and shows those of its rows that hold what is searched for:
 * the first 500 of them, until all are asked for, since a browser takes seconds to lay out thousands. Without it the table
 * is whole, in its own order.
 */
const TABLE_SCRIPT = `
const MAX_ROWS = 500;
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const texts = new Map([...body.rows].map((row) => [row, row.textContent.toLowerCase()]));
  const search = table.closest("details").querySelector(".search");
  const [input, status, all] = ["input", "[role=status]", "button"].map((part) => search.querySelector(part));
  let rows = [...body.rows];
  let limit = MAX_ROWS;
  const show = () => {
    const wanted = input.value.trim().toLowerCase();
    const found = rows.filter((row) => texts.get(row).includes(wanted));
    body.replaceChildren(...found.slice(0, limit));
    all.hidden = found.length <= limit;
    const first = all.hidden ? "" : "the first " + limit + " of ";
    const [hits, whole] = [found, rows].map((some) => some.length.toLocaleString("en"));
    status.textContent = wanted !== "" ? first + hits + " of " + whole : all.hidden ? "" : first + whole;
  };
  const key = (row, column) => {
    const text = row.cells[column].textContent.trim();
    return table.tHead.rows[0].cells[column].classList.contains("number") ? (text === "-" ? -1 : Number(text)) : text.toLowerCase();
  };
  const { compare } = new Intl.Collator("en", { numeric: true });
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
      keyed.sort(([a], [b]) => sign * (typeof a === "number" ? a - b : compare(a, b)));
      rows = keyed.map(([, row]) => row);
      show();
    });
  }
  all.addEventListener("click", () => {
    limit = rows.length;
    show();
  });
  input.addEventListener("input", show);
  search.hidden = false;
  show();
}
`;

export const SCRIPT = MAP_SCRIPT + TABLE_SCRIPT;
