// Sorts a table by the column whose header is pressed: numbers as numbers, what is missing last.
for (const table of document.querySelectorAll("table.sortable")) {
  const headers = [...table.tHead.rows[0].cells];
  const value = (row, column) => {
    const cell = row.cells[column];
    return (cell.dataset.sort ?? cell.textContent).trim();
  };
  headers.forEach((header, column) => {
    header.querySelector("button")?.addEventListener("click", () => {
      const first = header.classList.contains("number") ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const order = header.getAttribute("aria-sort") === first ? other : first;
      headers.forEach((each) => each.removeAttribute("aria-sort"));
      header.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const rows = [...table.tBodies[0].rows];
      rows.sort((a, b) => {
        const [x, y] = [value(a, column), value(b, column)];
        const missing = (text) => text === "" || text === "–" || text === "NaN";
        if (missing(x) || missing(y)) return missing(x) - missing(y);
        const [p, q] = [parseFloat(x), parseFloat(y)];
        const both = !Number.isNaN(p) && !Number.isNaN(q);
        return sign * (both ? p - q : x.localeCompare(y, "en"));
      });
      table.tBodies[0].append(...rows);
    });
  });
}
