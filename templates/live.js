// Keeps the parts of the page as the runs folder has them. A stream of events says when something was recorded; each part is
// asked for again, and of it only what differs is put into the page, so that what is read, opened or scrolled stays.
const parts = [...document.querySelectorAll("[data-part]")];
const filter = document.getElementById("filter");
// What the trials are filtered by: what is typed counts once the address says it too.
let applied = filter?.value.trim();
const connection = document.getElementById("connection");

const address = (part) => {
  const query = new URLSearchParams();
  if ("filtered" in part.dataset && applied) query.set("filter", applied);
  if ("paged" in part.dataset && part.dataset.page) query.set("page", part.dataset.page);
  for (const name of ["first", "second"]) if (part.dataset[name]) query.set(name, part.dataset[name]);
  const text = query.toString();
  return part.dataset.part + (text ? `?${text}` : "");
};

// What stands in `into` becomes what `from` says: child by child where all have ids of their own, else as a whole.
const renew = (into, from) => {
  const ids = (holder) => [...holder.children].map((child) => child.id || child.querySelector("[id]")?.id || "");
  const [now, next] = [ids(into), ids(from)];
  const alike = now.length === next.length && now.every((id, at) => id && id === next[at]);
  if (!alike) {
    into.replaceChildren(...from.childNodes);
    return;
  }
  [...from.children].forEach((child, at) => {
    const old = into.children[at];
    if (old.isEqualNode(child) || old.source === child.outerHTML) return;
    const source = child.outerHTML;
    // Whoever is choosing is not disturbed.
    if (old.contains(document.activeElement) && document.activeElement.matches("select, input")) return;
    if (old.matches("details") && child.matches("details")) child.open = old.open;
    const scrolled = old.matches(".scroll") ? old : old.querySelector(".scroll");
    const left = scrolled?.scrollLeft ?? 0;
    const top = scrolled?.scrollTop ?? 0;
    const typed = old.querySelector("input.filter")?.value;
    const sorted = [...old.querySelectorAll("table")].map((table) => table.sorted);
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    old.replaceWith(child);
    child.source = source;
    [...child.querySelectorAll("table.sortable")].forEach((table, at) => sortable(table, sorted[at]));
    const own = child.querySelector("input.filter");
    if (own && typed) {
      own.value = typed;
      own.dispatchEvent(new Event("input"));
    }
    const fresh = child.matches(".scroll") ? child : child.querySelector(".scroll");
    if (fresh) [fresh.scrollLeft, fresh.scrollTop] = [left, top];
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  });
};

const load = async (part) => {
  if (part.loading) {
    part.wanted = true;
    return;
  }
  part.loading = true;
  clearTimeout(part.again);
  const asked = address(part);
  try {
    const response = await fetch(asked, { headers: { Accept: "text/html" } });
    const text = await response.text();
    if (response.ok) {
      if (text !== part.text) {
        const template = document.createElement("template");
        template.innerHTML = text;
        renew(part, template.content);
        [...part.querySelectorAll("table.sortable")].filter((table) => !table.ready).forEach((table) => sortable(table));
        part.text = text;
      }
    } else {
      const told = document.createElement("p");
      told.className = "told-wrong";
      told.textContent = text;
      part.replaceChildren(told);
      part.text = text;
    }
    const again = Number(response.headers.get("x-again"));
    if (again) part.again = setTimeout(() => load(part), again + 50);
  } catch {
    // The stream of events says that nobody answers.
  }
  part.loading = false;
  part.removeAttribute("aria-busy");
  if (part.wanted || asked !== address(part)) {
    part.wanted = false;
    load(part);
  }
};

const wait = (part) => {
  part.setAttribute("aria-busy", "true");
  load(part);
};

let missed = false;
const all = () => {
  missed = document.hidden;
  if (!missed) parts.forEach(load);
};
document.addEventListener("visibilitychange", () => { if (missed) all(); });

// Those that came with the page are there; the others are asked for, one after the other.
parts.filter((part) => part.querySelector("p.notes")?.textContent.startsWith("Loading")).forEach(load);

// For a picture or for paper: as it stands, without following.
const isStill = new URLSearchParams(location.search).has("still");
const events = isStill ? new EventTarget() : new EventSource("/events");
let lost = false;
events.addEventListener("open", () => {
  connection.textContent = "";
  connection.classList.remove("lost");
  if (lost) all();
  lost = false;
});
events.addEventListener("recorded", all);
events.addEventListener("error", () => {
  lost = true;
  connection.textContent = "Nobody answers: is drr-lab serve still running?";
  connection.classList.add("lost");
});

// The filter.
const filtered = parts.filter((part) => "filtered" in part.dataset);
let typing;
const choose = () => {
  clearTimeout(typing);
  applied = filter.value.trim();
  const here = new URL(location);
  if (applied) here.searchParams.set("filter", applied);
  else here.searchParams.delete("filter");
  history.replaceState(null, "", here);
  filtered.forEach((part) => {
    delete part.dataset.page;
    wait(part);
  });
};
filter?.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(choose, 200);
});
filter?.form.addEventListener("submit", (event) => {
  event.preventDefault();
  choose();
});
document.addEventListener("keydown", (event) => {
  if (!filter || event.ctrlKey || event.metaKey || event.altKey) return;
  const writes = event.target.matches("input, select, textarea");
  if (event.key === "/" && !writes) {
    event.preventDefault();
    filter.focus();
    filter.select();
  } else if (event.key === "Escape" && event.target === filter && filter.value) {
    filter.value = "";
    choose();
  }
});

// Two groups beside each other.
document.addEventListener("change", (event) => {
  const form = event.target.closest("#choose");
  if (!form) return;
  const part = form.closest("[data-part]");
  const here = new URL(location);
  for (const name of ["first", "second"]) {
    part.dataset[name] = form.elements[name].value;
    if (part.dataset[name]) here.searchParams.set(name, part.dataset[name]);
    else here.searchParams.delete(name);
  }
  history.replaceState(null, "", here);
  event.target.blur();
  wait(part);
});

document.addEventListener("click", (event) => {
  // Pages of trials.
  const page = event.target.closest("a.page");
  if (page) {
    event.preventDefault();
    const part = page.closest("[data-part]");
    part.dataset.page = new URL(page.href).searchParams.get("page");
    wait(part);
    document.getElementById("trials").scrollIntoView();
    return;
  }
  // From a number to the trials behind it.
  const cell = event.target.closest("td");
  const holder = cell?.classList.contains("number") || event.target.closest("a.runs") ? cell?.closest("[data-trials]") : null;
  if (!holder || !filter || !getSelection().isCollapsed) return;
  event.preventDefault();
  filter.value = holder.dataset.trials;
  choose();
  document.getElementById("trials").scrollIntoView();
});
