// Copy buttons of the results page: without script, or where the browser gives no clipboard, they are not shown.
// The focus on the errors of a checked list: after a check the address names them, which needs no script.
"use strict";

const SHOWN_MS = 2000;

/** The lines to paste into a spreadsheet: address, tab, password. */
function allPasswords() {
  const rows = document.querySelectorAll("[data-account]");
  return Array.from(rows, (row) => {
    const password = row.querySelector("[data-password]");
    return password ? `${row.dataset.account}\t${password.textContent}` : null;
  }).filter(Boolean).join("\n");
}

async function copy(button) {
  const one = button.dataset.copy === "one";
  const text = one ? button.closest("[data-account]").querySelector("[data-password]").textContent : allPasswords();
  const label = button.querySelector("[data-label]");
  await navigator.clipboard.writeText(text);
  label.dataset.before ??= label.textContent;
  label.textContent = button.dataset.done;
  setTimeout(() => { label.textContent = label.dataset.before; }, SHOWN_MS);
}

for (const button of document.querySelectorAll("[data-copy]")) {
  if (navigator.clipboard) {
    button.addEventListener("click", () => copy(button));
  } else {
    button.hidden = true;
  }
}

for (const button of document.querySelectorAll("[data-print]")) {
  button.addEventListener("click", () => window.print());
}

// A notice above them is read first.
if (!location.hash && !document.querySelector("[role=status]")) {
  document.querySelector(".summary[tabindex]")?.focus({ preventScroll: true });
}
