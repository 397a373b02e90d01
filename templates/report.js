// Sorts a table by the column whose header is pressed, filters it by what is typed, and follows a number to its trials.
// Numbers sort as numbers, what is missing last. Long tables show their first rows until asked.
const FIRST = 300;

for (const table of document.querySelectorAll("table.sortable")) {
  const headers = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const tools = table.closest(".scroll").previousElementSibling;
  const input = tools?.querySelector?.("input.filter");
  const count = tools?.querySelector?.(".count");
  let all = false;

  const show = () => {
    const words = (input?.value ?? "").toLowerCase().split(/\s+/).filter(Boolean).map((word) => word.split("|"));
    let found = 0;
    for (const row of body.rows) {
      row.search ??= row.textContent.toLowerCase();
      const fits = words.every((either) => either.some((word) => row.search.includes(word)));
      found += fits;
      row.hidden = !fits || (!all && found > FIRST);
    }
    if (count) {
      count.textContent = words.length || found > FIRST ? `${found} of ${body.rows.length} rows` : "";
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

  headers.forEach((header, column) => {
    header.querySelector("button")?.addEventListener("click", () => {
      const first = header.classList.contains("number") ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const order = header.getAttribute("aria-sort") === first ? other : first;
      headers.forEach((each) => each.removeAttribute("aria-sort"));
      header.setAttribute("aria-sort", order);
      const sign = order === "ascending" ? 1 : -1;
      const missing = (text) => text === "" || text === "–" || text === "NaN";
      const keyed = [...body.rows].map((row) => {
        const text = (row.cells[column].dataset.sort ?? row.cells[column].textContent).trim();
        return { row, text, number: parseFloat(text), gone: missing(text) };
      });
      keyed.sort((a, b) => {
        if (a.gone || b.gone) return a.gone - b.gone;
        const both = !Number.isNaN(a.number) && !Number.isNaN(b.number);
        return sign * (both ? a.number - b.number : a.text < b.text ? -1 : a.text > b.text ? 1 : 0);
      });
      body.append(...keyed.map((each) => each.row));
      show();
    });
  });
  show();
}

for (const link of document.querySelectorAll("a.runs")) {
  link.addEventListener("click", () => {
    const input = document.querySelector("#trials input.filter");
    input.value = link.dataset.trials;
    input.dispatchEvent(new Event("input"));
  });
}
