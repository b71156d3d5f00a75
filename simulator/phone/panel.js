// Beside the phone: who you are, what happened lately, days on which things go wrong, the platform's clock.

import { el, fill, icon } from "./dom.js";
import { busy, personAvatar } from "./bars.js";
import { FAULTS, TOKEN_DEATH } from "./faults.js";
import { follower } from "./follower.js";
import { get, post, remove } from "./server.js";
import { toast } from "./sheet.js";
import { summary } from "./text.js";
import { chatTime, clockTime, day, dutyName, moment, place } from "./words.js";

const LATELY = 8;
const CHANNELS = { say: "写", reply: "回复", customer_service: "客服消息", mass: "群发", template: "模板消息", subscribe: "订阅消息", notice: "服务通知", system: "系统" };
const NARROW = matchMedia("(max-width: 899px)");
const panel = () => document.getElementById("panel");

export function openPanel() {
  if (!NARROW.matches) return panel().querySelector(".person[aria-pressed=true]")?.focus();
  panel().classList.add("open");
  panel().scrollTop = 0;
  panel().inert = false;
  document.getElementById("phone").inert = true;
  return panel().querySelector(".panel-close").focus();
}

function closePanel() {
  panel().classList.remove("open");
  document.getElementById("phone").inert = false;
  panel().inert = NARROW.matches;
}

export function startPanel(choose) {
  const people = el("section.panel-part", {}, el("h2", {}, "您现在是谁"), el("div.people"));
  const lately = el("section.panel-part", {}, el("h2", {}, "最近发生了什么"), el("ol.lately"), el("p.calls"));
  fill(panel(),
    el("header.panel-head", {}, el("div", {}, el("h1", {}, "支部通演示"), el("p.quiet", {}, "选一个人，用这部手机聊天、扫码、约阵地、学微课。人和数据都是演示的。")),
      el("button.icon-button.panel-close", { onclick: closePanel, "aria-label": "关上面板" }, icon("close"))),
    people, lately, badDay(), platformClock());
  panel().addEventListener("keydown", (event) => event.key === "Escape" && closePanel());
  NARROW.addEventListener("change", closePanel);
  closePanel();

  const drawPeople = () => {
    const list = fill(people.querySelector(".people"), follower.people.map((person) => personButton(person, choose)));
    const chosen = list.querySelector("[aria-pressed=true]");
    if (chosen) list.scrollTop = chosen.offsetTop - list.offsetTop - list.clientHeight / 2;
  };
  const drawLately = () => {
    drawMessages(lately.querySelector(".lately"));
    drawCalls(lately.querySelector(".calls"));
  };
  let shown = "";
  follower.addEventListener("change", () => {
    const now = `${follower.person.openid} ${follower.person.follows}`;
    if (shown !== now) drawPeople();
    shown = now;
    drawLately();
  });
  drawPeople();
}

function personButton(person, choose) {
  const chosen = person.openid === follower.person?.openid;
  return el("button.person", { "aria-pressed": String(chosen), onclick: (event) => busy(event.currentTarget, async () => {
    await choose(person.openid);
    closePanel();
  }) },
  personAvatar(person), el("span.person-text", {}, el("span.person-name", {}, person.name, el("span.duty", {}, dutyName(person.duty))),
    el("span.person-org", {}, person.follows ? place(person) : `${place(person)} · 还没关注`)));
}

function drawMessages(place) {
  const recent = follower.messages.slice(-LATELY).reverse();
  if (!recent.length) return fill(place, el("li.quiet", {}, "还没有消息。"));
  return fill(place, recent.map((message) => el("li", {},
    el("time", {}, chatTime(moment(message.at))),
    el(`span.channel.from-${message.from}`, {}, CHANNELS[message.channel] || message.channel || ""),
    el("span.lately-text", {}, summary(message)))));
}

/** `GET /control/calls` counts API calls by path and error code. */
let counting = 0;
function drawCalls(place) {
  clearTimeout(counting);
  counting = setTimeout(async () => {
    const calls = await get("/control/calls").catch(() => null);
    if (calls) place.textContent = callsLine(calls);
  }, 400);
}

function callsLine(calls) {
  const counts = Object.values(calls).flatMap((byCode) => Object.entries(byCode));
  const sum = (list) => list.reduce((total, [, count]) => total + count, 0);
  return `平台共收到 ${sum(counts)} 次接口调用，其中 ${sum(counts.filter(([code]) => code !== "0"))} 次答了错误码。`;
}

function badDay() {
  const on = new Set();
  const inForce = async (buttons) => {
    const given = await get("/control/faults");
    FAULTS.forEach(({ name, body }, index) => {
      const strikes = Object.keys(body).every((key) => (Array.isArray(given[key]) ? given[key].length : given[key]));
      if (strikes) on.add(name);
      buttons[index].setAttribute("aria-checked", String(Boolean(strikes)));
    });
  };
  const apply = async (button, fault) => {
    if (on.has(fault.name)) on.delete(fault.name);
    else on.add(fault.name);
    const chosen = FAULTS.filter(({ name }) => on.has(name));
    await remove("/control/faults");
    if (chosen.length) await post("/control/faults", Object.assign({}, ...chosen.map(({ body }) => body)));
    button.setAttribute("aria-checked", String(on.has(fault.name)));
    toast(on.has(fault.name) ? `已打开：${fault.label}` : `已关上：${fault.label}`);
  };
  const buttons = FAULTS.map((fault) => {
    const button = el("button.switch", { role: "switch", "aria-checked": "false", onclick: () => busy(button, () => apply(button, fault)) },
      el("span.switch-text", {}, el("span", {}, fault.label), el("span.quiet", {}, fault.note)), el("span.knob", { "aria-hidden": "true" }));
    return button;
  });
  inForce(buttons).catch(() => {});
  return el("section.panel-part", {}, el("h2", {}, "不顺的日子"), el("p.quiet", {}, "打开以后，微信平台会像真的出了状况那样。支部通应当照样把事办好。"),
    el("div.faults", {}, buttons), el("div.clock-line", {}, tokenDeath()));
}

function tokenDeath() {
  const button = el("button.plain-button", { onclick: () => busy(button, async () => {
    await post("/control/faults", TOKEN_DEATH);
    toast("手里的接口凭证作废了，下一次调用要重新取。");
  }) }, "让接口凭证现在就失效");
  return button;
}

function platformClock() {
  const box = el("input", { type: "datetime-local", id: "platform-clock", step: 60 });
  const shown = el("p.strong", { role: "status" });
  const show = ({ now, offset_seconds: offset }) => {
    shown.textContent = `平台现在是 ${day(now)} ${clockTime(now)}${Math.abs(offset) < 1 ? "（真实时间）" : "（拨动过）"}`;
  };
  get("/control/clock").then(show).catch(() => {});
  const move = (button, now) => busy(button, async () => show(await post("/control/clock", { now })));
  const forward = (label, days) => {
    const button = el("button.plain-button", { onclick: () => move(button, new Date(Date.now() + days * 86_400_000).toISOString()) }, label);
    return button;
  };
  const set = el("button.plain-button", { onclick: () => box.value ? move(set, `${box.value}:00+08:00`) : toast("先选一个时间。") }, "拨到");
  const now = el("button.plain-button", { onclick: () => move(now, null) }, "回到真实时间");
  return el("section.panel-part", {}, el("h2", {}, "微信平台的时钟"), el("p.quiet", {}, "只影响平台那一边：凭证有效期、48 小时窗口、每月四次群发。"), shown,
    el("div.clock-line", {}, el("label.unseen", { for: "platform-clock" }, "平台时间（北京时间）"), box, set),
    el("div.clock-line", {}, forward("三天后", 3), forward("一个月后", 31), now));
}
