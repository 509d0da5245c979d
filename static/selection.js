// The lists of mailboxes and of links: one box ticks all rows of the page. Without script, rows are ticked one by one.
// When the list is replaced by what was looked for, the rows that are still in it stay ticked.
"use strict";

function update() {
  const page = document.querySelector("[data-select-page]");
  const rows = Array.from(document.querySelectorAll("[data-select]"));
  if (page) {
    const ticked = rows.filter((row) => row.checked).length;
    page.checked = ticked > 0 && ticked === rows.length;
    page.disabled = !rows.length;
    page.indeterminate = ticked > 0 && ticked < rows.length;
  }
}

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-select-page]")) {
    document.querySelectorAll("[data-select]").forEach((row) => { row.checked = target.checked; });
  }
  update();
});
let ticked = [];
document.addEventListener("htmx:beforeSwap", () => {
  ticked = Array.from(document.querySelectorAll("[data-select]:checked"), (row) => row.value);
});
document.addEventListener("htmx:afterSwap", () => {
  document.querySelectorAll("[data-select]").forEach((row) => { row.checked = ticked.includes(row.value); });
  update();
});
update();
