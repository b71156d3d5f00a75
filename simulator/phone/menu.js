// The account's menu: up to three buttons, each with up to five below it.

import { el, icon } from "./dom.js";
import { busy } from "./bars.js";
import { tap } from "./follower.js";
import { get } from "./server.js";
import { toast } from "./sheet.js";

export async function menuBar(doors) {
  const { button: buttons = [] } = await get("/phone/menu").catch(() => ({}));
  if (!buttons.length) return null;
  const bar = el("nav.menu-bar", { "aria-label": "公众号菜单" }, buttons.map((button) => top(button, doors)));
  bar.addEventListener("keydown", (event) => event.key === "Escape" && closeAll(bar));
  document.addEventListener("pointerdown", (event) => bar.contains(event.target) || closeAll(bar));
  return bar;
}

function top(button, doors) {
  const below = button.sub_button?.list || button.sub_button || [];
  if (!below.length) return el("div.menu-slot", {}, leaf(button, doors, "menu-top"));
  const list = el("div.menu-pop", { hidden: true }, below.map((item) => leaf(item, doors, "menu-item")));
  const opener = el("button.menu-top", { "aria-expanded": "false", onclick: () => toggle(opener, list) }, icon("menu"), button.name);
  return el("div.menu-slot", {}, list, opener);
}

function toggle(opener, list) {
  const open = list.hidden;
  closeAll(opener.closest(".menu-bar"));
  list.hidden = !open;
  opener.setAttribute("aria-expanded", String(open));
  if (open) list.querySelector("button").focus();
}

function closeAll(bar) {
  for (const list of bar.querySelectorAll(".menu-pop:not([hidden])")) {
    const opener = list.nextElementSibling;
    if (list.contains(document.activeElement)) opener.focus();
    list.hidden = true;
    opener.setAttribute("aria-expanded", "false");
  }
}

function leaf(button, doors, style) {
  const node = el(`button.${style}`, {
    onclick: () => {
      const bar = node.closest(".menu-bar");
      if (bar) closeAll(bar);
      busy(node, () => act(button, doors));
    },
  }, button.name);
  return node;
}

async function report(button, code, doors) {
  await tap(button.key, code);
  doors.go("chat");
}

async function act(button, doors) {
  switch (button.type) {
    case "click":
      return tap(button.key);
    case "view":
      tap(button.url).catch(() => {}); // The account is told (VIEW); the page opens all the same.
      return doors.open({ url: button.url });
    case "miniprogram":
      tap(button.pagepath).catch(() => {});
      return doors.open({ page: button.pagepath });
    case "scancode_push":
    case "scancode_waitmsg":
      return doors.go("scan", { choose: (code) => report(button, code, doors) });
    default:
      return toast("这个菜单在演示手机上还打不开。");
  }
}
