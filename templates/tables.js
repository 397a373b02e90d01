// Sorts a table by the column whose header is pressed, and filters it by what is typed. Numbers sort as numbers, what is missing
// last. Of a long table the first rows are shown until all are asked for; the others are kept out of the document, so that ten
// thousand of them cost nothing.
const FIRST = 300;

const sortable = (table, sorted) => {
  table.ready = true;
  const headers = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const tools = table.closest(".scroll")?.previousElementSibling;
  const input = tools?.querySelector?.("input.filter");
  const count = tools?.querySelector?.(".count");
  let rows = [...body.rows];
  let all = false;

  const show = () => {
    const words = (input?.value ?? "").toLowerCase().split(/\s+/).filter(Boolean).map((word) => word.split("|"));
    const shown = new DocumentFragment();
    let found = 0;
    for (const row of rows) {
      if (words.length) {
        row.search ??= row.textContent.toLowerCase();
        if (!words.every((either) => either.some((word) => row.search.includes(word)))) continue;
      }
      found += 1;
      if (all || found <= FIRST) {
        row.hidden = false;
        shown.append(row);
      }
    }
    body.replaceChildren(shown);
    if (count) {
      count.textContent = words.length || found > FIRST ? `${found} of ${rows.length} rows` : "";
      if (!all && found > FIRST) {
        const more = document.createElement("button");
        more.type = "button";
        more.textContent = `show all (${FIRST} shown)`;
        more.addEventListener("click", () => { all = true; show(); });
        count.append(" ", more);
      }
    }
  };
  let waiting;
  input?.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(show, 120); });

  const sort = (column, order) => {
    const header = headers[column];
    headers.forEach((each) => each.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", order);
    table.sorted = [column, order];
    const sign = order === "ascending" ? 1 : -1;
    const missing = (text) => text === "" || text === "–" || text === "NaN";
    const keyed = rows.map((row) => {
      const text = (row.cells[column].dataset.sort ?? row.cells[column].textContent).trim();
      return { row, text, number: parseFloat(text), gone: missing(text) };
    });
    keyed.sort((a, b) => {
      if (a.gone || b.gone) return a.gone - b.gone;
      const both = !Number.isNaN(a.number) && !Number.isNaN(b.number);
      return sign * (both ? a.number - b.number : a.text < b.text ? -1 : a.text > b.text ? 1 : 0);
    });
    rows = keyed.map((each) => each.row);
    show();
  };
  headers.forEach((header, column) => {
    header.querySelector("button")?.addEventListener("click", () => {
      const first = header.classList.contains("number") ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      sort(column, header.getAttribute("aria-sort") === first ? other : first);
    });
  });
  if (sorted && headers[sorted[0]]) sort(...sorted);
  else if (rows.length > FIRST) show();
};
