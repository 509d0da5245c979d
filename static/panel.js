// Copy buttons of passwords and links: without script, or where the browser gives no clipboard, they are not shown.
// The focus on the errors of a checked list: after a check the address names them, which needs no script.
"use strict";

const SHOWN_MS = 2000;
const WAIT_MS = 3000;

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
  label.dataset.before ??= label.textContent;
  try {
    await navigator.clipboard.writeText(text);
    label.textContent = button.dataset.done;
  } catch {
    label.textContent = button.dataset.failed;
  }
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

// The tab over the rows that is chosen: the style sheet shows it, this says it.
function sayTab() {
  for (const tab of document.querySelectorAll(".tabs a[href^='#']")) {
    const isChosen = tab.hash === location.hash || (tab.hash === "#rows" && !document.querySelector(".table-group :target"));
    if (isChosen) {
      tab.setAttribute("aria-current", "true");
    } else {
      tab.removeAttribute("aria-current");
    }
  }
}
addEventListener("hashchange", sayTab);
sayTab();

// A list that waits to be read is asked for again. Without script the head of its page says so.
const again = document.querySelector("[data-again]");
if (again) {
  setTimeout(() => location.replace(again.href), WAIT_MS);
}

// A notice above them is read first.
if (!location.hash && !document.querySelector(".notice[role=status]")) {
  document.querySelector(".summary[tabindex]")?.focus({ preventScroll: true });
}
