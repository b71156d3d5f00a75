// The pieces every screen has: the bar on top, avatars, buttons that say they are busy.

import { el, icon } from "./dom.js";
import { toast } from "./sheet.js";

export function topBar({ title, back, badge = 0, actions = [] }) {
  return el("header.top-bar", {},
    el("div.top-left", {}, back && el("button.icon-button", { onclick: back, "aria-label": badge ? `返回，${badge} 条未读` : "返回" },
      icon("back"), badge > 0 && el("span.count", { "aria-hidden": "true" }, String(badge)))),
    el("h1", { tabindex: -1 }, title),
    el("div.top-right", {}, actions));
}

export function iconButton(name, label, onclick) {
  return el("button.icon-button", { onclick, "aria-label": label, title: label }, icon(name));
}

export function accountAvatar(size = "") {
  return el(`span.avatar.account${size && `.${size}`}`, { "aria-hidden": "true" }, "支");
}

const HUES = 6;

export function personAvatar(person, size = "") {
  const sum = [...(person?.openid || "")].reduce((total, letter) => total + letter.codePointAt(0), 0);
  return el(`span.avatar.hue-${sum % HUES}${size && `.${size}`}`, { "aria-hidden": "true" }, (person?.name || "客").slice(-1));
}

/** Runs `work` once at a time while the button shows that it is busy; trouble becomes a short word. */
export async function busy(button, work) {
  if (button.getAttribute("aria-busy") === "true") return undefined;
  button.setAttribute("aria-busy", "true");
  try {
    return await work();
  } catch (error) {
    toast(error.message);
    return undefined;
  } finally {
    button.removeAttribute("aria-busy");
  }
}
