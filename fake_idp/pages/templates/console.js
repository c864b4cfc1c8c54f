
"use strict";
// Copy buttons: they are of no use without this script, so it is what shows them.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = document.getElementById(button.dataset.copy).textContent.trim();
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
// The journal, fresh while somebody looks at it.
const journal = document.querySelector("[data-live]");
if (journal) {
  const state = document.getElementById("live");
  let last = null;
  const look = async () => {
    if (!document.hidden) {
      try {
        const answer = await fetch(journal.dataset.live);
        const rows = await answer.text();
        if (!answer.ok) throw new Error(answer.status);
        if (rows !== last) journal.innerHTML = last = rows;
        state.textContent = "It is live.";
      } catch {
        state.textContent = "The server does not answer; trying again.";
      }
    }
    setTimeout(look, 700);
  };
  look();
}
