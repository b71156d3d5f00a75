// The mini program's front page, and getting to know who holds the phone.

import { el, icon } from "../dom.js";
import { busy } from "../bars.js";
import { ask, toast } from "../sheet.js";
import { LESSON_TEMPLATE } from "./api.js";
import { STATUS, slotSpan } from "./bookings.js";

const DOORS = [
  { path: "sites", label: "阵地地图", note: "挑一处约上", icon: "map" },
  { path: "check-in", label: "扫码签到", note: "到了扫一扫", icon: "scan" },
  { path: "bookings", label: "我的预约", note: "看看、改主意", icon: "calendar" },
  { path: "lesson", label: "本周课程", note: "周五一小时", icon: "lesson" },
  { path: "questions", label: "问一问", note: "党务有据可查", icon: "ask" },
  { path: "complaint", label: "意见建议", note: "件件有回音", icon: "letter" },
];

export async function boundHomePage(ui) {
  const person = await ui.api.enter();
  const next = person ? await ui.api.get("/bookings", { status: "confirmed", limit: 50 }).then(({ items }) => soonest(items)).catch(() => null) : null;
  return [
    el("div.mp-hello", {}, el("p.mp-hello-name", {}, person ? `${person.name}同志，您好` : "您好，欢迎来到支部通"),
      el("p", {}, person ? person.organization.name : "支部里的事，在这里办。")),
    !person && el("div.mp-card.invite", {}, el("p", {}, "绑定手机号，就能约阵地、签到。只核对一次，今后不再问。"), el("button.mp-button", { onclick: () => ui.go("bind") }, "绑定手机号")),
    next && el("button.mp-card.next-visit", { onclick: () => ui.go("booking", { id: next.id }) },
      el("span.tag", {}, STATUS[next.status]), el("span.strong", {}, next.site.name), el("span.quiet", {}, slotSpan(next)), icon("next")),
    el("ul.door-grid", {}, DOORS.map((door) => el("li", {}, el("button.door", { onclick: () => ui.go(door.path) },
      el("span.door-icon", {}, icon(door.icon)), el("span.strong", {}, door.label), el("span.quiet", {}, door.note))))),
    el("button.mp-card.remind", { onclick: (event) => busy(event.currentTarget, () => remind(ui)) },
      el("span", {}, el("span.strong", {}, "下节课提醒我"), el("span.quiet", {}, "同意一次，提醒一次")), icon("next")),
  ];
}

/** The list is newest first; what matters here is what comes next. */
const soonest = (items) => items.filter(({ slot }) => Date.parse(slot.ends_at) > Date.now()).sort((one, other) => Date.parse(one.slot.starts_at) - Date.parse(other.slot.starts_at))[0];


/** wx.requestSubscribeMessage's own sheet. */
export async function remind(ui) {
  const choice = await ask({
    title: "支部通 申请发送一次消息",
    body: [el("p.strong", {}, "每周微课提醒"), el("p.quiet", {}, "同意一次，发送一条。不想要了，随时可以不同意。")],
    choices: [{ label: "允许", value: "accept", kind: "main" }, { label: "取消", value: "reject" }],
  });
  if (!choice) return;
  await ui.api.subscribe(LESSON_TEMPLATE, choice);
  toast(choice === "accept" ? "好的，下节微课到了提醒您。" : "好的，不打扰您。");
}

export async function bindPage(ui) {
  const person = await ui.api.enter();
  if (person) return el("div.mp-empty", {}, icon("check"), el("p", {}, `认得您，${person.name}同志。`), el("button.mp-button", { onclick: () => ui.go("home") }, "去首页"));
  return el("div.mp-empty", {}, icon("person"),
    el("h2", {}, "绑定手机号"),
    el("p", {}, "用微信绑定的手机号，和支部名册核对一次。对上了，今后就不再问。"),
    el("button.mp-button.wide", { onclick: (event) => busy(event.currentTarget, () => bind(ui)) }, "绑定手机号"),
    el("p.quiet", {}, "手机号加密保存，您可以随时在“我的”里查看和撤回。"));
}

/** The sheet of `open-type="getPhoneNumber"`. */
async function bind(ui) {
  const allowed = await ask({
    title: "支部通 申请获取并验证您的手机号",
    body: [el("p.strong", {}, "微信绑定的手机号")],
    choices: [{ label: "允许", value: true, kind: "main" }, { label: "不允许", value: false }],
  });
  if (!allowed) return;
  const person = await ui.api.bind();
  toast(`对上了，${person.name}同志。`);
  ui.replace("home");
}
