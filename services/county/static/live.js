// Asks once a second whether something was committed, and shows it. A held connection for every viewer would take a
// server thread each; this takes none.
"use strict";
const live = document.getElementById("live");
let tag = "";
async function look() {
  try {
    const answer = await fetch(live.dataset.source, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
    if (answer.status === 200) {
      tag = answer.headers.get("ETag") || "";
      live.innerHTML = await answer.text();
    }
  } catch (error) {
    tag = ""; // the server is away; what is shown stays until it is back
  }
  setTimeout(look, 1000);
}
look();
