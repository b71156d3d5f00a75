// 我的: what is known about me; take it along, or withdraw it.

import { el, icon } from "../dom.js";
import { busy, personAvatar } from "../bars.js";
import { follower } from "../follower.js";
import { ask, toast } from "../sheet.js";
import { dutyName } from "../words.js";
import { remind } from "./home.js";

export async function mePage(ui) {
  await ui.api.enter();
  const [me, { wants }] = await Promise.all([ui.api.get("/me"), ui.api.get("/me/lessons")]);
  const { person } = me;
  return [
    person ? card(person) : el("div.mp-card.invite", {}, el("p", {}, "还没有和支部名册对上。"), el("button.mp-button", { onclick: () => ui.go("bind") }, "绑定手机号")),
    el("ul.rows.grouped", {},
      row("calendar", "我的预约", () => ui.go("bookings")),
      person && row("scan", "我的签到码", () => ui.go("my-code")),
      row("lesson", "下节课提醒我", (event) => busy(event.currentTarget, () => remind(ui))),
      row("calendar", wants ? "不再接收每周微课" : "每周五收微课", (event) => busy(event.currentTarget, () => choose(ui, !wants))),
      row("ask", "问一问", () => ui.go("questions")),
      row("letter", "意见建议", () => ui.go("complaint"))),
    el("h2.mp-heading", {}, "我的数据，我做主"),
    el("ul.rows.grouped", {},
      row("down", "看看、带走我的数据", (event) => busy(event.currentTarget, () => take(ui))),
      row("close", "撤回我的数据", (event) => busy(event.currentTarget, () => withdraw(ui)))),
    el("p.quiet.mp-note", {}, "手机号加密保存；不记录定位，不排名，不统计在线时间。"),
  ];
}

function card(person) {
  const duties = person.duties.map(({ role }) => dutyName(role));
  return el("div.me-card", {}, personAvatar({ openid: follower.person.openid, name: person.name }, "big"),
    el("div", {}, el("p.me-name", {}, person.name), el("p.quiet", {}, [...new Set(duties)].join("、") || "党员"), el("p.quiet", {}, person.organization.name)));
}

function row(picture, title, onclick) {
  return el("li", {}, el("button.entry", { onclick }, icon(picture), el("span.entry-title", {}, title), icon("next")));
}

async function choose(ui, wants) {
  await ui.api.put("/me/lessons", { wants });
  toast(wants ? "好的，每周五发给您。" : "好的，不再发给您。");
  ui.replace("me");
}

async function take(ui) {
  const mine = await ui.api.get("/me/export");
  const text = JSON.stringify(mine, null, 2);
  const file = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  await ask({
    title: "支部通保存的、关于您的全部数据",
    body: [el("pre.export", { tabindex: 0 }, text), el("a.mp-button.light.wide", { href: file, download: "我的支部通数据.json" }, "存成文件")],
    choices: [{ label: "看好了", value: true }],
  });
  URL.revokeObjectURL(file);
}

async function withdraw(ui) {
  const sure = await ask({
    title: "撤回您的数据？",
    body: [el("p", {}, "您的微信和名册之间的联系会解除，提问记录会与您分开。支部依规应当留存的会议、签到纪实仍由支部保管。以后想用，可以再认一次。")],
    choices: [{ label: "撤回", value: true, kind: "danger" }, { label: "先不撤回", value: false }],
  });
  if (!sure) return;
  await ui.api.remove("/me");
  ui.api.forget();
  toast("已经撤回。");
  ui.go("home");
}
