// 签到: scan the poster or the tablet at the door. No position, no photo.

import { el, icon } from "../dom.js";
import { randomKey } from "./api.js";
import { siteName } from "./home.js";

export async function checkInPage(ui) {
  const { scene } = ui.given;
  if (!scene) return asking(ui);
  const answer = await checkIn(ui, scene).catch((error) => error);
  return answer instanceof Error ? refused(answer, ui) : done(answer, ui);
}

function asking(ui) {
  return el("div.mp-empty.check-in", {}, el("span.big-icon", {}, icon("scan")), el("h2", {}, "到了，扫一扫"),
    el("p", {}, "扫阵地的海报，或者门口平板上的码。支部约过这里，就能签上。"),
    el("button.mp-button.wide", { onclick: () => ui.scan((code) => ui.replace("check-in", { scene: code })) }, "扫一扫签到"),
    el("p.quiet", {}, "不用定位，也不用拍照。"));
}

// The nonce stays the same for a code while the page is looked at again: one scan is one check-in.
const nonces = new Map();

function checkIn(ui, code) {
  const mine = `${ui.api.openid} ${code}`;
  if (!nonces.has(mine)) nonces.set(mine, randomKey());
  return ui.api.send("/check-ins", { code, nonce: nonces.get(mine) });
}

function done(answer, ui) {
  const already = answer.status === "already";
  return el("div.mp-empty.check-in", { role: "status" }, el("span.big-icon.good", {}, icon("check")),
    el("h2", {}, already ? "已经签过了" : "签到好了"),
    el("p", {}, [siteOf(answer), themeOf(answer)].filter(Boolean).join(" · ")),
    answer.present > 0 && el("p.quiet", {}, `支部现在到了 ${answer.present} 位。`),
    el("button.mp-button.wide.light", { onclick: () => ui.go("home") }, "好"));
}

const siteOf = (answer) => (typeof answer.site === "string" ? answer.site : answer.site?.name) || (answer.booking ? siteName(answer.booking) : "");
const themeOf = (answer) => answer.booking?.theme || "";

function refused(error, ui) {
  if (error.code === "not_bound") throw error;
  return el("div.mp-empty.check-in", { role: "alert" }, el("span.big-icon.bad", {}, icon("warn")), el("h2", {}, "这次没签上"), el("p", {}, error.message),
    el("button.mp-button.wide", { onclick: () => ui.scan((code) => ui.replace("check-in", { scene: code })) }, "再扫一次"));
}
