// Sorts a table by the column whose header is pressed, filters it by what is typed, and follows a number to its trials.
// Numbers sort as numbers, what is missing last. Of a long table the first rows are shown until all are asked for; the others
// are kept out of the document, so that ten thousand of them cost nothing.
const FIRST = 300;

for (const table of document.querySelectorAll("table.sortable")) {
  const headers = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const tools = table.closest(".scroll").previousElementSibling;
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

  headers.forEach((header, column) => {
    header.querySelector("button")?.addEventListener("click", () => {
      const first = header.classList.contains("number") ? "descending" : "ascending";
      const other = first === "ascending" ? "descending" : "ascending";
      const order = header.getAttribute("aria-sort") === first ? other : first;
      headers.forEach((each) => each.removeAttribute("aria-sort"));
      header.setAttribute("aria-sort", order);
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
    });
  });
  if (rows.length > FIRST) show();
}

// What a link leads to is opened, with all it lies in: from the contents, from outside, and from a number.
const reveal = (element) => {
  for (let each = element?.closest("details"); each; each = each.parentElement.closest("details")) each.open = true;
};
// Names are letters, digits, dots and dashes: nothing is encoded in them.
const named = () => document.getElementById(location.hash.slice(1));
const arrive = () => {
  const target = location.hash.length > 1 ? named() : null;
  if (!target) return;
  reveal(target);
  target.scrollIntoView();
};
addEventListener("hashchange", arrive);
arrive();
// A link to where the page already is changes nothing, but its part may have been folded since.
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]:not(.runs):not(.back)');
  if (link && link.getAttribute("href") === location.hash) arrive();
});

// From a number to its trials: the cell's own, or its row's.
const behind = document.getElementById("behind");
const filter = document.querySelector("#trials input.filter");
let from;

const follow = (holder, cell) => {
  const ids = holder.dataset.trials.split("|");
  const row = cell.closest("tr");
  const heads = [...cell.closest("table").tHead.rows[0].cells];
  const names = [...row.cells].filter((each, at) => !heads[at].classList.contains("number")).map((each) => each.textContent.trim());
  const count = ids.length === 1 ? "1 trial" : `${ids.length} trials`;
  behind.querySelector("strong").textContent =
    `${count} behind ${names.filter((name) => name !== "–").join(", ")} · ${heads[cell.cellIndex].textContent.trim()}`;
  behind.querySelector("code").textContent = `drr-lab verify ${ids.join(" ")}`;
  behind.hidden = false;
  from = cell;
  filter.value = holder.dataset.trials;
  filter.dispatchEvent(new Event("input"));
  reveal(behind);
  behind.scrollIntoView();
  behind.focus({ preventScroll: true });
};

document.addEventListener("click", (event) => {
  const cell = event.target.closest("td");
  const holder = cell?.classList.contains("number") || event.target.closest("a.runs") ? cell.closest("[data-trials]") : null;
  if (!holder || !getSelection().isCollapsed) return;
  event.preventDefault();
  follow(holder, cell);
});

behind.querySelector("button.all").addEventListener("click", () => {
  behind.hidden = true;
  filter.value = "";
  filter.dispatchEvent(new Event("input"));
});

behind.querySelector("a.back").addEventListener("click", (event) => {
  event.preventDefault();
  reveal(from);
  from.scrollIntoView({ block: "center" });
  (from.querySelector("a") ?? from.closest(".scroll")).focus({ preventScroll: true });
});

// On paper everything is open; afterwards it is as it was.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  folded.forEach((each) => { each.open = true; });
});
addEventListener("afterprint", () => folded.forEach((each) => { each.open = false; }));
