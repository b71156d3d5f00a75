// The phone: which screen is in front, how one gets from one to the next, and what starts it all.

import { el, fill } from "./dom.js";
import { accountAvatar } from "./bars.js";
import { chatScreen } from "./chat.js";
import { become, follower, loadPeople, say } from "./follower.js";
import { homeScreen, restoreSize } from "./home.js";
import { miniProgramScreen } from "./miniprogram.js";
import { openPanel, startPanel } from "./panel.js";
import { profileScreen } from "./profile.js";
import { scannerScreen } from "./scanner.js";
import { toast } from "./sheet.js";
import { summary } from "./text.js";
import { openPage, readingScreen } from "./web.js";

const BANNER_SECONDS = 5;
const LAST_PERSON = "phone-person";
const SCREENS = {
  chats: (doors) => homeScreen(doors, "chats"),
  discover: (doors) => homeScreen(doors, "discover"),
  mine: (doors) => homeScreen(doors, "mine"),
  chat: (doors) => (follower.person.follows ? chatScreen(doors) : profileScreen(doors)),
  profile: profileScreen,
  scan: scannerScreen,
  mp: miniProgramScreen,
  reading: readingScreen,
};

let current = null;
let carried = {}; // What a screen was opened with and an address can't hold, by address.

const doors = {
  go: (name, given = {}) => goTo(`#/${name}`, given),
  back: (otherwise) => (history.state?.inside ? history.back() : goTo(`#/${otherwise}`)),
  choose: openPanel,
  say,
  open({ url, page, reading, instead = false }) {
    if (page) goTo(pageAddress(page), {}, instead);
    else if (reading) goTo("#/reading", reading);
    else openPage(url, follower.person.openid);
  },
};

/** `pages/lesson?id=3` of our mini program is `#/mp/lesson?id=3` here. */
function pageAddress(page) {
  const [path, query = ""] = page.replace(/^\/?(pages\/)?/, "").split("?");
  return `#/mp/${path}${query && `?${query}`}`;
}

/** `instead`: the screen one leaves is not one to come back to. */
function goTo(hash, given = {}, instead = false) {
  carried[hash] = given;
  if (instead) history.replaceState(history.state, "", hash);
  else if (location.hash !== hash) history.pushState({ inside: true }, "", hash);
  show();
}

function show() {
  if (!follower.person) return;
  const hash = location.hash || "#/chats";
  const [path, query = ""] = hash.slice(2).split("?");
  const [name, ...rest] = path.split("/");
  const make = SCREENS[name] || SCREENS.chats;
  const given = { ...Object.fromEntries(new URLSearchParams(query)), ...carried[hash] };
  swap(name, () => make(doors, name === "mp" ? { path: rest.join("/") || "home", given } : given));
}

function swap(name, make) {
  current?.left?.();
  document.getElementById("sheet").replaceChildren();
  const place = document.getElementById("screen");
  place.inert = false;
  try {
    current = make();
  } catch (error) {
    console.error(error);
    current = { node: el("p.trouble", {}, "这一页打不开，请返回再试。") };
  }
  current.name = name;
  if (name === "chat") document.getElementById("banner").replaceChildren();
  fill(place, current.node);
  current.shown?.();
  current.node.querySelector("h1")?.focus({ preventScroll: true });
}

function banner(message) {
  if (current?.name === "chat") return;
  const place = document.getElementById("banner");
  const open = () => {
    place.replaceChildren();
    doors.go("chat");
  };
  const card = el("button.push", { onclick: open }, accountAvatar(), el("span", {}, el("strong", {}, "支部通"), el("span.push-text", {}, summary(message))));
  fill(place, card);
  setTimeout(() => card.remove(), BANNER_SECONDS * 1000);
}

export async function choose(openid) {
  localStorage.setItem(LAST_PERSON, openid);
  const address = new URL(location.href);
  address.searchParams.set("as", openid);
  address.hash = "#/chats";
  carried = {};
  history.replaceState({}, "", address);
  await become(openid);
  show();
}

/** When somebody follows or leaves, the chat and the follow page change places. */
function standingChanged() {
  if (current?.name !== "chat" || !follower.person) return;
  const shown = Boolean(current.node.matches(".chat"));
  if (shown !== Boolean(follower.person.follows)) show();
}

function nameTab() {
  document.title = follower.unread ? `(${follower.unread}) 支部通 · 演示手机` : "支部通 · 演示手机";
}

async function start() {
  restoreSize();
  const asked = new URLSearchParams(location.search).get("as") || localStorage.getItem(LAST_PERSON);
  follower.addEventListener("change", standingChanged);
  follower.addEventListener("change", nameTab);
  follower.addEventListener("arrived", ({ detail }) => banner(detail));
  addEventListener("popstate", show);
  try {
    await loadPeople();
    startPanel(choose);
    const person = follower.people.find(({ openid }) => openid === asked) || follower.people[0];
    await become(person.openid);
    show();
    if (!asked) openPanel();
  } catch (error) {
    fill(document.getElementById("screen"), el("div.stopped", {}, accountAvatar("big"), el("p", {}, error.message),
      el("button.main-button", { onclick: () => location.reload() }, "再试一次")));
    toast("演示手机没有开起来。");
  }
}

start();
