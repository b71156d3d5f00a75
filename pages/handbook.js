// Saves a field as soon as it is left; without it one saves by the button.
"use strict";

const form = document.querySelector("form[data-autosave]");
const line = document.querySelector(".saved");
const waiting = new Set();
let busy = false;

function say(text) {
  if (line) line.textContent = text;
}

async function save() {
  if (busy || waiting.size === 0) return;
  busy = true;
  const fields = [...waiting];
  waiting.clear();
  const body = new URLSearchParams();
  body.append("revision", form.elements.revision.value);
  for (const field of fields) {
    for (const input of field.querySelectorAll("input, select, textarea")) {
      const ticked = !["radio", "checkbox"].includes(input.type) || input.checked;
      if (input.name && ticked) body.append(input.name, input.value);
    }
  }
  say("正在保存 …");
  try {
    const response = await fetch(form.dataset.autosave, { method: "POST", body });
    const answer = await response.json();
    if (response.ok) {
      form.elements.revision.value = answer.revision;
      say("已保存");
    } else {
      say(answer.detail);
    }
  } catch {
    for (const field of fields) waiting.add(field);
    say("网络不通，还没有保存，联网后会再试");
  }
  busy = false;
  if (navigator.onLine) setTimeout(save, waiting.size ? 5000 : 0);
}

if (form) {
  form.addEventListener("change", (event) => {
    const field = event.target.closest(".field");
    if (field) waiting.add(field);
    save();
  });
  window.addEventListener("online", save);
}
