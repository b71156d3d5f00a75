// Brings a rehearsal's page up to date when others have done something; without it one reloads by hand.
"use strict";

const LOOKS_AGAIN_AFTER = 5000;
const main = () => document.querySelector("main");
const path = main().dataset.path;
let looking = false;
let again = false;

// Somebody has begun to fill something in: it isn't taken away under their hands.
function busy() {
  return [...main().querySelectorAll("input:not([type=hidden])")].some((field) =>
    ["radio", "checkbox"].includes(field.type)
      ? field.checked !== field.defaultChecked
      : field.value !== field.defaultValue,
  );
}

function put(fresh) {
  for (const old of main().querySelectorAll("details[id]")) {
    const now = fresh.querySelector(`#${old.id}`);
    if (now) now.open = old.open;
  }
  main().replaceWith(document.adoptNode(fresh));
}

async function look(wanted = false) {
  if (looking) {
    again = true;
    return;
  }
  looking = true;
  try {
    const response = await fetch(path, { cache: "no-store" });
    const text = await response.text();
    const fresh = new DOMParser().parseFromString(text, "text/html").querySelector("main");
    if (response.ok && fresh && fresh.dataset.version !== main().dataset.version) {
      if (busy() && !wanted) main().querySelector(".fresh").hidden = false;
      else put(fresh);
    }
  } catch {
    // The next look may succeed.
  }
  looking = false;
  if (again) {
    again = false;
    look();
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest(".fresh")) look(true);
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) look();
});

const line = new EventSource(`${path}/news?after=${main().dataset.version}`);
line.addEventListener("message", () => look());
setInterval(() => {
  if (line.readyState !== EventSource.OPEN && !document.hidden) look();
}, LOOKS_AGAIN_AFTER);
