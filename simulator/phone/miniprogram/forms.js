// Fields with their labels, and refusals shown where they belong.

import { el } from "../dom.js";
import { toast } from "../sheet.js";

let numbered = 0;

export function field(name, label, control, hint = "") {
  const id = `field-${(numbered += 1)}`;
  const input = control.matches("input, textarea, select") ? control : control.querySelector("input, textarea, select");
  input.id = id;
  input.setAttribute("aria-describedby", `${id}-say`);
  return el("div.field", { "data-field": name }, el("label", { for: id }, label), control,
    el("p.field-say", { id: `${id}-say`, "data-hint": hint }, hint));
}

/** A number with a button on each side: easier for thumbs than a small keyboard. */
export function stepper({ value, min = 1, max }) {
  const input = el("input", { type: "number", inputmode: "numeric", min, max, value });
  const move = (step) => {
    input.value = Math.min(max ?? Infinity, Math.max(min, (Number(input.value) || 0) + step));
  };
  return el("div.stepper", {}, el("button", { onclick: () => move(-1), "aria-label": "少一人" }, "−"), input, el("button", { onclick: () => move(1), "aria-label": "多一人" }, "+"));
}

/** Runs `work` while the form is busy; what the API says about a field is shown under it. */
export async function submit(form, work) {
  const button = form.querySelector("[type=submit]");
  if (button.getAttribute("aria-busy") === "true") return;
  clear(form);
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    show(form, error);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

function clear(form) {
  for (const say of form.querySelectorAll(".field-say")) {
    say.textContent = say.dataset.hint;
    say.closest(".field").classList.remove("wrong");
  }
  form.querySelector(".form-say").textContent = "";
}

function show(form, error) {
  const rest = (error.errors || []).filter(({ field: name, message }) => {
    const place = form.querySelector(`[data-field="${CSS.escape(name)}"]`);
    if (!place) return true;
    place.classList.add("wrong");
    place.querySelector(".field-say").textContent = message;
    return false;
  });
  const shownAll = error.errors?.length && !rest.length;
  const words = shownAll ? "" : [error.message, ...rest.map(({ message }) => message)].join(" ");
  form.querySelector(".form-say").textContent = words;
  if (shownAll) form.querySelector(".wrong input, .wrong textarea").focus();
  else toast(error.message);
}

export function form(fields, { button, onsubmit }) {
  const node = el("form.mp-form", { novalidate: true }, fields,
    el("p.form-say", { role: "alert" }), submitButton(button));
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(node, onsubmit);
  });
  return node;
}

function submitButton(label) {
  const button = el("button.mp-button.wide", {}, label);
  button.type = "submit";
  return button;
}
