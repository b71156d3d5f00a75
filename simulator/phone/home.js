// The first screens of the phone: chats, discover, me.

import { el, icon } from "./dom.js";
import { accountAvatar, iconButton, personAvatar, topBar } from "./bars.js";
import { follower } from "./follower.js";
import { summary } from "./text.js";
import { chatTime, dutyName, place } from "./words.js";

const TABS = [
  { name: "chats", label: "微信", icon: "chats" },
  { name: "discover", label: "发现", icon: "discover" },
  { name: "mine", label: "我", icon: "person" },
];
const SIZES = { normal: "标准", large: "大", huge: "特大" };
const SIZE_KEY = "phone-type-size";

export function homeScreen(doors, tab) {
  const { label } = TABS.find(({ name }) => name === tab);
  const body = el("div.scroller");
  const tabs = el("nav.tab-bar", { "aria-label": "微信" });
  const node = el("section.screen.home", {},
    topBar({ title: label, actions: [iconButton("people", "换一个人", doors.choose)] }), body, tabs);

  const draw = () => {
    body.replaceChildren(CONTENT[tab](doors));
    tabs.replaceChildren(...TABS.map((one) => tabButton(one, tab, doors)));
  };
  follower.addEventListener("change", draw);
  draw();
  return { node, left: () => follower.removeEventListener("change", draw) };
}

function tabButton({ name, label, icon: picture }, tab, doors) {
  const count = name === "chats" ? follower.unread : 0;
  return el("button.tab", {
    onclick: () => doors.go(name),
    "aria-current": name === tab ? "page" : null,
    "aria-label": count ? `${label}，${count} 条未读` : label,
  }, el("span.tab-icon", {}, icon(picture), count > 0 && el("span.badge", { "aria-hidden": "true" }, String(count))), label);
}

const CONTENT = { chats, discover, mine };

function chats(doors) {
  const last = follower.messages.at(-1);
  const { unread, person } = follower;
  const line = last ? summary(last) : person.follows ? "已关注，点进来看看" : "还没有关注，点一下去关注";
  return el("ul.rows", {}, el("li", {}, el("button.chat-row", { onclick: () => doors.go("chat") },
    el("span.avatar-box", {}, accountAvatar(), unread > 0 && el("span.badge", {}, el("span", { "aria-hidden": "true" }, String(unread)), el("span.unseen", {}, `${unread} 条未读`))),
    el("span.chat-row-text", {}, el("span.chat-row-name", {}, "支部通"), el("span.chat-row-last", {}, line)),
    last && el("time.chat-row-time", {}, chatTime(last.at)))));
}

function discover(doors) {
  return el("ul.rows.grouped", {},
    entry("scan", "扫一扫", "阵地海报、门口二维码", () => doors.go("scan")),
    entry("map", "小程序 · 支部通", "找阵地、约时段、学微课", () => doors.open({ page: "pages/home" })));
}

function mine(doors) {
  const { person } = follower;
  const current = document.documentElement.dataset.type || "normal";
  return el("div", {},
    el("div.me-card", {}, personAvatar(person, "big"),
      el("div", {}, el("p.me-name", {}, person.name), el("p.quiet", {}, dutyName(person.duty)), el("p.quiet", {}, place(person)))),
    el("ul.rows.grouped", {}, entry("people", "换一个人演示", "", doors.choose)),
    el("fieldset.sizes", {}, el("legend", {}, "字体大小"),
      Object.entries(SIZES).map(([value, label]) => el("button.size", {
        "aria-pressed": String(value === current),
        onclick: (event) => {
          setSize(value);
          for (const button of event.currentTarget.parentNode.querySelectorAll(".size")) button.setAttribute("aria-pressed", String(button === event.currentTarget));
        },
      }, label))));
}

export function entry(picture, title, note, onclick) {
  return el("li", {}, el("button.entry", { onclick }, icon(picture), el("span.entry-title", {}, title), note && el("span.entry-note", {}, note), icon("next")));
}

export function setSize(size) {
  document.documentElement.dataset.type = size;
  localStorage.setItem(SIZE_KEY, size);
}

export function restoreSize() {
  document.documentElement.dataset.type = localStorage.getItem(SIZE_KEY) || "normal";
}
