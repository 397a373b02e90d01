// The page of a report: its tables, and the way from a number to its trials.
for (const table of document.querySelectorAll("table.sortable")) sortable(table);

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
