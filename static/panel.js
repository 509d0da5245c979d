// Copy buttons of passwords and links: without script, or where the browser gives no clipboard, they are not shown.
// The focus on the errors of a checked list: after a check the address names them, which needs no script.
// What was typed into a form and not sent: the browser asks before the page is left.
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

// Forms that were typed into and not sent since. A search, which is sent by GET, and a sign-in are left without asking.
const typedForms = new Set();
addEventListener("input", ({ target: { form } }) => {
  if (form?.method === "post" && !("leaveUnasked" in form.dataset)) {
    typedForms.add(form);
  }
});
addEventListener("submit", ({ target }) => typedForms.delete(target));
addEventListener("beforeunload", (event) => {
  if (typedForms.size) {
    event.preventDefault();
  }
});

// Another language comes back to the address as it is now, with what is behind its #, which no server is told.
// The rows of a list are stored before. Where that fails, they are sent by the page itself, which shows why.
addEventListener("submit", async (event) => {
  const form = event.target;
  if (!("language" in form.dataset)) {
    return;
  }
  form.elements.next.value = location.pathname + location.search;
  form.action = form.action.split("#")[0] + location.hash;
  const rows = Array.from(typedForms).find((typed) => "stores" in typed.dataset);
  if (rows) {
    event.preventDefault();
    const sent = { method: "POST", body: new FormData(rows), redirect: "manual" };
    const answer = await fetch(rows.getAttribute("action"), sent).catch(() => null);
    if (answer?.type === "opaqueredirect") {
      typedForms.delete(rows);
      form.requestSubmit(event.submitter);
    } else {
      rows.requestSubmit();
    }
  }
});
