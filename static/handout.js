// A one-time link has its key behind the #, which browsers never send to a server. Here it goes into the form.
// Without script, or where the key is missing, the field to paste the link into stays in sight.
"use strict";

function takeKey() {
  if (location.hash.length > 1) {
    document.getElementById("id_link").value = location.hash;
    document.getElementById("paste").hidden = true;
  }
}

takeKey();
addEventListener("hashchange", takeKey);
