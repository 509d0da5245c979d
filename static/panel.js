// Copy buttons of passwords and links: without script, or where the browser gives no clipboard, they are not shown.
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

// Another way to read the file shows its effect at once, with the focus where it was, unless it would drop something.
// Meanwhile nothing can be typed into what is about to be replaced.
document.addEventListener("htmx:confirm", (event) => {
  const inputs = Array.from(document.querySelectorAll("#corrections input"));
  const isTyped = inputs.some((input) => input.value !== input.defaultValue || input.checked !== input.defaultChecked);
  if (isTyped || "corrected" in event.target.dataset) {
    event.preventDefault();
    const outcome = document.getElementById("outcome");
    outcome.textContent = outcome.dataset.notYet;
  }
});
let isLeaving = false;
function holdCorrections(isHeld) {
  document.getElementById("corrections")?.toggleAttribute("inert", isHeld);
}
document.addEventListener("htmx:beforeRequest", () => {
  isLeaving = false;
  holdCorrections(true);
});
addEventListener("pageshow", () => holdCorrections(false));
document.addEventListener("htmx:afterSettle", () => {
  history.replaceState(null, "", location.pathname + location.search); // what the hash named is another element now
  sayTab();
  const outcome = document.getElementById("outcome");
  if (outcome) {
    outcome.textContent = document.querySelector("h1").textContent;
    document.activeElement.scrollIntoView({ block: "nearest" });
  }
});
// Whatever the answer was, the browser shows it by itself, unless the person was just leaving the page.
addEventListener("beforeunload", () => { isLeaving = true; });
for (const failure of ["htmx:responseError", "htmx:sendError"]) {
  document.addEventListener(failure, (event) => {
    holdCorrections(false);
    isLeaving || event.target.submit?.();
  });
}

// A notice above them is read first.
if (!location.hash && !document.querySelector(".notice[role=status]")) {
  document.querySelector(".summary[tabindex]")?.focus({ preventScroll: true });
}
