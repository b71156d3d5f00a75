// 签到: scan the poster or the tablet at the door. No position, no photo.

import { el, fill, icon } from "../dom.js";
import { toast } from "../sheet.js";
import { randomKey } from "./api.js";

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
    el("p", {}, answer.site.name),
    answer.present > 0 && el("p.quiet", {}, `支部现在到了 ${answer.present} 位。`),
    el("button.mp-button.wide.light", { onclick: () => ui.go("home") }, "好"));
}

function refused(error, ui) {
  if (error.code === "not_bound") throw error;
  return el("div.mp-empty.check-in", { role: "alert" }, el("span.big-icon.bad", {}, icon("warn")), el("h2", {}, "这次没签上"), el("p", {}, error.message),
    el("button.mp-button.wide", { onclick: () => ui.scan((code) => ui.replace("check-in", { scene: code })) }, "再扫一次"));
}

/** The member's own code, for a keeper's phone. */
export function myCodePage(ui) {
  return turning(ui, "/me/code", "请阵地管理员扫一扫，就签上了。");
}

/** What the tablet at the door shows; a keeper may show it on the phone too. */
export function doorPage(ui) {
  return turning(ui, `/sites/${encodeURIComponent(ui.given.site)}/code`, "请到场的同志扫一扫。");
}

/** A code that is fetched anew when it ends, for as long as the page is open. */
async function turning(ui, path, hint) {
  const place = el("div.mp-empty");
  const next = async () => {
    const { code, expires_at: until } = await ui.api.get(path);
    fill(place, turned(code, hint));
    const wait = Math.max(1000, Date.parse(until) - Date.now());
    setTimeout(() => place.isConnected && next().catch((error) => fill(place, el("p.trouble", {}, error.message))), wait);
  };
  await next();
  return place;
}

function turned(code, hint) {
  const copy = () => navigator.clipboard.writeText(code).then(() => toast("抄好了，可以到另一部手机的扫一扫里粘贴。"), () => toast("没抄成，请长按上面的文字。"));
  return [
    el("img.turning-code", { src: `/phone/qr.svg?${new URLSearchParams({ content: code })}`, alt: "签到二维码", width: 224, height: 224 }),
    el("p.strong", {}, hint), el("p.code-text", {}, code),
    el("button.mp-button.light", { onclick: copy }, "抄下这个码"),
    el("p.quiet", {}, "过一会儿自动换新的。"),
  ];
}
