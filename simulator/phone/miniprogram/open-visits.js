// Visits of other branches that somebody by themselves may join: a member on the move, near where they live.

import { el, icon } from "../dom.js";
import { busy } from "../bars.js";
import { toast } from "../sheet.js";
import { slotSpan } from "./bookings.js";

export async function openVisitsPage(ui) {
  const { items } = await ui.api.get("/open-visits");
  if (!items.length) return el("div.mp-empty", {}, icon("calendar"), el("p", {}, "近期没有可以一个人加入的活动，过几天再看。"), el("button.mp-button", { onclick: () => ui.go("sites") }, "看阵地"));
  return [el("p.mp-tip", {}, "别的支部愿意共用场地的活动，一个人也能就近参加。"), items.map((visit) => card(visit, ui))];
}

function card(visit, ui) {
  const act = visit.joined ? "leave" : "join";
  const change = async () => {
    await ui.api.send(`/open-visits/${encodeURIComponent(visit.booking_id)}/${act}`);
    toast(visit.joined ? "退出了，名额留给别人。" : "加入了，到了扫门口的码签到。");
    await ui.again();
  };
  return el("div.mp-card.open-visit", {},
    el("div.booking-top", {}, el("span.strong", {}, visit.site.name), visit.joined && el("span.tag.state-confirmed", {}, "已加入")),
    el("p", {}, slotSpan(visit)), el("p.quiet", {}, `${visit.branch.name} · ${visit.theme}`),
    el(`button.mp-button.wide${visit.joined ? ".light" : ""}`, { onclick: (event) => busy(event.currentTarget, change) }, visit.joined ? "退出" : "加入"));
}
