"use strict";
const body = document.querySelector("tbody"), heads = [...document.querySelectorAll("th")];
heads.forEach((head, place) => head.querySelector("button").addEventListener("click", () => {
  const up = head.getAttribute("aria-sort") !== "ascending", numeric = head.dataset.kind === "number";
  heads.forEach(other => other.removeAttribute("aria-sort"));
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  const key = row => row.children[place].dataset.key ?? row.children[place].textContent;
  const empty = text => text === "";
  const rows = [...body.rows].map(row => [key(row), row]);
  rows.sort(([a], [b]) => empty(a) - empty(b) ||
    (up ? 1 : -1) * (numeric ? Number(a) - Number(b) : a.localeCompare(b)));
  body.append(...rows.map(([, row]) => row));
}));
const search = document.querySelector("input"), shown = document.querySelector("#shown");
search.addEventListener("input", () => {
  const words = search.value.toLowerCase().split(/\s+/);
  let count = 0;
  for (const row of body.rows) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every(word => text.includes(word));
    count += !row.hidden;
  }
  shown.textContent = count;
});
