// Our mini program on the phone: the frame around its pages, with 意见建议 one tap away from each.

import { el, fill, icon } from "./dom.js";
import { follower } from "./follower.js";
import { Api } from "./miniprogram/api.js";
import { boundHomePage, bindPage } from "./miniprogram/home.js";
import { bookPage, bookingPage, bookingsPage } from "./miniprogram/bookings.js";
import { checkInPage, doorPage, myCodePage } from "./miniprogram/check-ins.js";
import { complaintPage } from "./miniprogram/complaints.js";
import { lessonPage, lessonsPage } from "./miniprogram/lessons.js";
import { mePage } from "./miniprogram/me.js";
import { openVisitsPage } from "./miniprogram/open-visits.js";
import { questionsPage } from "./miniprogram/questions.js";
import { sitePage, sitesPage } from "./miniprogram/sites.js";

const PAGES = {
  home: { title: "支部通", draw: boundHomePage, tab: true },
  sites: { title: "阵地地图", draw: sitesPage, tab: true },
  site: { title: "阵地", draw: sitePage },
  book: { title: "预约", draw: bookPage },
  bookings: { title: "我的预约", draw: bookingsPage },
  booking: { title: "预约详情", draw: bookingPage },
  "open-visits": { title: "就近参加", draw: openVisitsPage },
  "check-in": { title: "签到", draw: checkInPage },
  "my-code": { title: "我的签到码", draw: myCodePage },
  door: { title: "门口的签到码", draw: doorPage },
  lessons: { title: "课程", draw: lessonsPage, tab: true },
  lesson: { title: "微课", draw: lessonPage },
  questions: { title: "问一问", draw: questionsPage },
  complaint: { title: "意见建议", draw: complaintPage },
  me: { title: "我的", draw: mePage, tab: true },
  bind: { title: "绑定手机号", draw: bindPage },
};
const TABS = [
  { path: "home", label: "首页", icon: "home" },
  { path: "sites", label: "阵地", icon: "map" },
  { path: "lessons", label: "课程", icon: "lesson" },
  { path: "me", label: "我的", icon: "person" },
];
/** Other spellings of our pages, as menus, notices and codes may name them. */
const ALSO = {
  "": "home", index: "home", "index/index": "home", "home/index": "home",
  checkin: "check-in", "check-ins": "check-in", check_in: "check-in", map: "sites",
  complaints: "complaint", question: "questions", ask: "questions", mine: "me",
};

let api = null;

export function miniProgramScreen(doors, { path, given }) {
  if (api?.openid !== follower.person.openid) api = new Api(follower.person.openid);
  const name = pageName(path, given);
  const page = PAGES[name];
  const body = el("div.scroller.mp-body", { "aria-busy": "true" }, el("p.waiting", {}, "请稍候…"));
  const ui = {
    api, body, doors, given,
    go: (where, query = {}) => doors.open({ page: `pages/${where}${suffix(query)}` }),
    replace: (where, query = {}) => doors.open({ page: `pages/${where}${suffix(query)}`, instead: true }),
    back: (where = "home") => doors.back(`mp/${where}`),
    scan: (choose) => doors.go("scan", { choose }),
    again: () => draw(page, ui),
  };
  draw(page, ui);
  return { node: el("section.screen.mp", {}, bar(page, name, ui), body, page.tab && tabs(name, ui)) };
}

function suffix(query) {
  const text = new URLSearchParams(query).toString();
  return text && `?${text}`;
}

/** `site/site`, `lessons/index` and the like: the longest spelling we know, else a part of it. */
function pageName(path, given) {
  const trimmed = path.replace(/\/index$/, "");
  const known = [trimmed, ...trimmed.split("/").reverse()].map((part) => ALSO[part] ?? part).find((part) => PAGES[part]) || "home";
  if (known === "lessons" && given.id) return "lesson";
  if (known === "sites" && given.id) return "site";
  if (known === "bookings" && given.id) return "booking";
  return known;
}

async function draw(page, ui) {
  try {
    const nodes = await page.draw(ui);
    fill(ui.body, nodes);
  } catch (error) {
    fill(ui.body, error.code === "not_bound" ? notBound(ui) : trouble(error, ui));
  }
  ui.body.removeAttribute("aria-busy");
}

function notBound(ui) {
  return el("div.mp-empty", {}, icon("person"), el("p", {}, "先绑定手机号，知道您是哪个支部的，才能办这件事。"),
    el("button.mp-button", { onclick: () => ui.go("bind") }, "绑定手机号"));
}

function trouble(error, ui) {
  return el("div.mp-empty", { role: "alert" }, icon("warn"), el("p", {}, error.message),
    el("button.mp-button.light", { onclick: () => { ui.body.setAttribute("aria-busy", "true"); ui.again(); } }, "再试一次"));
}

function bar(page, name, ui) {
  const leave = () => ui.doors.go("chat");
  return el("header.top-bar.mp-bar", {},
    el("div.top-left", {}, page.tab
      ? el("span.mp-mark", { "aria-hidden": "true" }, "支")
      : el("button.icon-button", { onclick: () => ui.back(), "aria-label": "返回" }, icon("back"))),
    el("h1", { tabindex: -1 }, page.title),
    el("div.top-right", {},
      name !== "complaint" && el("button.speak-up", { onclick: () => ui.go("complaint") }, "提意见"),
      el("button.capsule", { onclick: leave, "aria-label": "离开小程序" }, icon("close"))));
}

function tabs(name, ui) {
  return el("nav.tab-bar", { "aria-label": "支部通小程序" }, TABS.map(({ path, label, icon: picture }) =>
    el("button.tab", { onclick: () => ui.go(path), "aria-current": path === name ? "page" : null }, icon(picture), label)));
}
