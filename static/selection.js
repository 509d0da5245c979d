// The list of mailboxes: one box ticks all rows of the page. Without script, rows are ticked one by one.
"use strict";

const rows = document.querySelectorAll("[name=select]");
const page = document.querySelector("[data-select-page]");

function update() {
  const ticked = Array.from(rows).filter((row) => row.checked).length;
  page.checked = ticked === rows.length;
  page.indeterminate = ticked > 0 && ticked < rows.length;
}

if (page) {
  page.addEventListener("change", () => rows.forEach((row) => { row.checked = page.checked; }));
  rows.forEach((row) => row.addEventListener("change", update));
  update();
}
