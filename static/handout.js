// A one-time link has its key behind the #, which browsers never send to a server. Here it goes into the form.
// Without script, or where the key is missing, the field to paste the link into stays in sight.
"use strict";

function takeKey() {
  const link = document.getElementById("id_link");
  if (location.hash.length > 1) {
    link.value = location.hash;
  }
  document.getElementById("paste").hidden = link.value.startsWith("#") && !link.hasAttribute("aria-invalid");
}

takeKey();
addEventListener("hashchange", takeKey);
