// What rises from the bottom of the phone and waits for an answer, and the short word that fades.

import { el, fill } from "./dom.js";

const WORD_SECONDS = 3.2;
let fading = 0;

export function toast(text) {
  const place = document.getElementById("toast");
  fill(place, el("p", {}, text));
  place.classList.add("shown");
  clearTimeout(fading);
  fading = setTimeout(() => place.classList.remove("shown"), WORD_SECONDS * 1000);
}

/**
 * Asks, and resolves with the value of the chosen button, or null when put away.
 * `choices` are `{label, value, kind: "plain" | "main" | "danger"}`.
 */
export function ask({ title, body = [], choices }) {
  const place = document.getElementById("sheet");
  const screen = document.getElementById("screen");
  const before = document.activeElement;
  return new Promise((resolve) => {
    const close = (value) => {
      place.replaceChildren();
      screen.inert = false;
      before?.focus?.();
      resolve(value);
    };
    const buttons = choices.map(({ label, value, kind = "plain" }) =>
      el(`button.sheet-choice.${kind}`, { onclick: () => close(value) }, label),
    );
    const card = el("div.sheet-card", { role: "dialog", "aria-modal": "true", "aria-label": title, tabindex: -1 },
      el("h2.sheet-title", {}, title), el("div.sheet-body", {}, body), el("div.sheet-choices", {}, buttons));
    card.addEventListener("keydown", (event) => event.key === "Escape" && close(null));
    fill(place, el("div.sheet-shade", { onclick: () => close(null) }), card);
    screen.inert = true;
    card.focus();
  });
}
