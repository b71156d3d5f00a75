// 点单: the booking form, the list of one's branch's bookings, one booking.

import { el, icon } from "../dom.js";
import { busy } from "../bars.js";
import { ask, toast } from "../sheet.js";
import { span } from "../words.js";
import { idempotencyKeys } from "./api.js";
import { field, form, stepper } from "./forms.js";
import { keeps } from "./sites.js";

export const STATUS = { requested: "等阵地确认", confirmed: "已约好", waiting: "候补中", offered: "有名额了，等您接受", declined: "没约成", cancelled: "已取消", fulfilled: "已到访", missed: "没有到访" };
export const slotSpan = ({ slot }) => span(slot.starts_at, slot.ends_at);
const LIVE = ["requested", "confirmed", "waiting", "offered"];
const THEMES = ["主题党日", "重温入党誓词", "专题党课", "组织生活会", "现场教学"];
const USUAL_HEADCOUNT = 20;

export async function bookPage(ui) {
  const person = await ui.api.enter();
  if (!person) throw Object.assign(new Error(), { code: "not_bound" });
  const { slot, name, starts, ends } = ui.given;
  const left = Number(ui.given.left);
  const headcount = stepper({ value: Math.max(1, Math.min(USUAL_HEADCOUNT, left || USUAL_HEADCOUNT)), max: 500 });
  const theme = el("input", { maxlength: 80, autocomplete: "off", placeholder: "例如：七月主题党日" });
  const wait = el("input", { type: "checkbox", checked: left === 0 });
  const alone = el("input", { type: "checkbox" });
  const keys = idempotencyKeys();
  const send = async () => {
    const booking = await ui.api.send("/bookings", {
      slot_id: Number(slot), headcount: Number(headcount.querySelector("input").value), theme: theme.value.trim(), wait: wait.checked,
      ...(alone.checked && { exclusive: true }),
    }, keys);
    toast(`${STATUS[booking.status] || "已提交"}。`);
    ui.replace("booking", { id: booking.id });
  };
  return [
    el("div.mp-card", {}, el("p.strong", {}, name || "阵地"), el("p", {}, span(starts, ends)), el("p.quiet", {}, left > 0 ? `还能来 ${left} 人` : "这个时段约满了，可以候补。")),
    form([
      field("headcount", "来几位", headcount, "为支部来的人一起约，不用每个人各约一次。"),
      field("theme", "活动主题", theme),
      el("div.chips", { role: "group", "aria-label": "常用主题" }, THEMES.map((words) => el("button.chip", { onclick: () => { theme.value = words; } }, words))),
      el("label.check", {}, wait, el("span", {}, "名额不够时，愿意排队候补")),
      el("label.check", {}, alone, el("span", {}, "这个时段只给我们一个支部用")),
    ], { button: "提交预约", onsubmit: send }),
  ];
}

export async function bookingsPage(ui) {
  const { items } = await ui.api.get("/bookings");
  if (!items.length) return el("div.mp-empty", {}, icon("calendar"), el("p", {}, "还没有预约。去阵地地图看看，挑一处约上。"), el("button.mp-button", { onclick: () => ui.go("sites") }, "看阵地"), el("button.mp-button.light", { onclick: () => ui.go("open-visits") }, "一个人就近参加"));
  const live = items.filter(({ status }) => LIVE.includes(status));
  const past = items.filter(({ status }) => !LIVE.includes(status));
  return [group("要去的", live, ui), group("以前的", past, ui), el("button.mp-button.wide.light", { onclick: () => ui.go("open-visits") }, "一个人就近参加别的活动")];
}

function group(title, items, ui) {
  return items.length > 0 && el("section", {}, el("h2.mp-heading", {}, title), items.map((booking) =>
    el("button.mp-card.booking", { onclick: () => ui.go("booking", { id: booking.id }) },
      el("span.booking-top", {}, el("span.strong", {}, booking.site.name), state(booking)),
      el("span", {}, slotSpan(booking)), el("span.quiet", {}, `${booking.theme} · ${booking.headcount} 人`))));
}

const state = ({ status }) => el(`span.tag.state-${status}`, {}, STATUS[status] || status);

export async function bookingPage(ui) {
  const booking = await ui.api.get(`/bookings/${encodeURIComponent(ui.given.id)}`);
  const lines = [["时间", slotSpan(booking)], ["支部", booking.branch.name], ["主题", booking.theme], ["人数", `${booking.headcount} 人`], ["场地", booking.exclusive ? "一个支部单独用" : "愿意和别人共用"], ["地址", booking.site.address], ["联系", booking.site.contact], ["说明", booking.reason]].filter(([, value]) => value);
  return [
    el("div.mp-card", {}, el("div.booking-top", {}, el("h2", {}, booking.site.name), state(booking)),
      el("dl.facts", {}, lines.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, String(value)))))),
    booking.status === "requested" && keeps(ui.api.person, booking.site.id) && decision(booking, ui),
    booking.status === "confirmed" && el("p.mp-tip", {}, "到了扫一扫门口的码就算签到，不用拍照，也不用定位。"),
    booking.status === "confirmed" && el("button.mp-button.wide", { onclick: () => ui.go("check-in") }, "去签到"),
    booking.status === "offered" && el("button.mp-button.wide", { onclick: (event) => busy(event.currentTarget, () => accept(booking, ui)) }, "接受名额"),
    LIVE.includes(booking.status) && el("button.mp-button.wide.light", { onclick: (event) => busy(event.currentTarget, () => cancel(booking, ui)) }, "取消预约"),
  ];
}

async function accept(booking, ui) {
  await ui.api.send(`/bookings/${encodeURIComponent(booking.id)}/accept`);
  toast("名额留好了。");
  await ui.again();
}

async function cancel(booking, ui) {
  const sure = await ask({ title: "取消这次预约？", body: [el("p", {}, `${booking.site.name}，${slotSpan(booking)}`)], choices: [{ label: "取消预约", value: true, kind: "danger" }, { label: "再想想", value: false }] });
  if (!sure) return;
  await ui.api.send(`/bookings/${encodeURIComponent(booking.id)}/cancel`);
  toast("已经取消，名额让给别的支部了。");
  await ui.again();
}

/** What a keeper does with a request. */
function decision(booking, ui) {
  const reason = el("input", { maxlength: 200, autocomplete: "off", placeholder: "例如：当天设备检修" });
  const at = `/bookings/${encodeURIComponent(booking.id)}`;
  const confirm = async () => {
    await ui.api.send(`${at}/confirm`);
    toast("确认了，支部会收到消息。");
    await ui.again();
  };
  const decline = async () => {
    await ui.api.send(`${at}/decline`, { reason: reason.value.trim() });
    toast("退回了，原因会告诉支部。");
    await ui.again();
  };
  return [
    el("button.mp-button.wide", { onclick: (event) => busy(event.currentTarget, confirm) }, "确认这次预约"),
    form([field("reason", "接不了，写明原因", reason)], { button: "退回", onsubmit: decline }),
  ];
}
