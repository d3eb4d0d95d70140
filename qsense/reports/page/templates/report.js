"use strict";
// The values of a picture beside the pointer, or by the arrow keys; without this script their titles say the same.
const tip = document.getElementById("tip");
let at = null;
const seen = mark => mark.getClientRects().length > 0;
const centre = mark => {
  const box = (mark.querySelector("use, circle") ?? mark).getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
};
const show = mark => {
  if (at) at.classList.remove("at");
  at = mark;
  tip.hidden = !mark;
  if (!mark) return;
  mark.classList.add("at");
  tip.textContent = mark.dataset.text;
  const [x, y] = centre(mark), box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(4, Math.min(x + 12, innerWidth - box.width - 4))}px`;
  tip.style.top = `${y - box.height - 12 < 4 ? y + 14 : y - box.height - 12}px`;
};
for (const picture of document.querySelectorAll("svg.chart, .device svg")) {
  const marks = [...picture.querySelectorAll(".mark")];
  for (const mark of marks) {  // else the browser shows them as well
    const title = mark.querySelector("title");
    mark.dataset.text = title.textContent;
    title.remove();
  }
  if (!marks.length) continue;
  const near = event => {
    let best = null, least = 28;
    for (const mark of marks.filter(seen)) {
      const [x, y] = centre(mark), distance = Math.hypot(x - event.clientX, y - event.clientY);
      if (distance < least) [best, least] = [mark, distance];
    }
    if (best !== at) show(best);
  };
  picture.addEventListener("pointermove", near);
  picture.addEventListener("pointerdown", near);
  picture.addEventListener("pointerleave", () => show(null));
  picture.addEventListener("blur", () => show(null));
  picture.setAttribute("tabindex", "0");
  picture.addEventListener("keydown", event => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key === "Escape") show(null);
    if (!step) return;
    event.preventDefault();
    const now = marks.filter(seen), place = now.indexOf(at);
    if (now.length) show(now[place < 0 ? (step > 0 ? 0 : now.length - 1) : (place + step + now.length) % now.length]);
  });
}
// A click on a head sorts a table: by the numbers with which its cells begin, or by their texts.
for (const table of document.querySelectorAll("table.sorted")) {
  const body = table.tBodies[0], heads = [...table.querySelectorAll("th")];
  heads.forEach((head, place) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach(other => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = [...body.rows].map(row => {
        const text = row.cells[place].textContent.trim();
        return [text, Number.parseFloat(text.replace("−", "-").replace("+", "")), row];
      });
      const numeric = rows.filter(([, value]) => Number.isFinite(value)).length > rows.length / 2;
      const empty = ([text, value]) => numeric ? !Number.isFinite(value) : text === "–";
      rows.sort((a, b) => empty(a) - empty(b) ||
        (empty(a) ? 0 : (up ? 1 : -1) * (numeric ? a[1] - b[1] : a[0].localeCompare(b[0]))));
      body.append(...rows.map(([, , row]) => row));
    });
  });
}
addEventListener("scroll", () => show(null), { passive: true });
const folded = () => document.querySelectorAll("details:not([open])");
let opened = [];
addEventListener("beforeprint", () => { opened = [...folded()]; opened.forEach(one => { one.open = true; }); });
addEventListener("afterprint", () => { opened.forEach(one => { one.open = false; }); });
