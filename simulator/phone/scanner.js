// 扫一扫: the demo's codes to point at, and a line for a code that is on another screen.

import { el, fill } from "./dom.js";
import { busy, topBar } from "./bars.js";
import { follower, scan } from "./follower.js";
import { siteNames } from "./miniprogram/sites.js";
import { get } from "./server.js";
import { toast } from "./sheet.js";

const KINDS = { poster: "阵地海报（公众号二维码）", mini_program: "小程序码" };

/** With `choose`, the scanner belongs to the mini program (wx.scanCode) and hands the code back. */
export function scannerScreen(doors, { choose = null } = {}) {
  const codes = el("div.codes", { "aria-live": "polite" }, el("p.quiet", {}, "正在看附近有哪些码…"));
  const node = el("section.screen.scanner", {},
    topBar({ title: "扫一扫", back: () => doors.back("discover") }),
    el("div.scroller", {}, el("div.finder", { "aria-hidden": "true" }, el("span")), paste(doors, choose), codes));
  Promise.all([get("/phone/codes"), siteNames(follower.person.openid)])
    .then(([list, names]) => fill(codes, groups(list.map((code) => named(code, names)), doors, choose)))
    .catch((error) => fill(codes, el("p.trouble", {}, error.message)));
  return { node };
}

function paste(doors, choose) {
  const box = el("input", { id: "pasted-code", autocomplete: "off", autocapitalize: "off", spellcheck: "false", placeholder: "粘贴或输入码里的文字" });
  const button = el("button.main-button.small", { type: "submit" }, "识别");
  const onsubmit = (event) => {
    event.preventDefault();
    const text = box.value.trim();
    if (text) busy(button, () => point({ kind: "pasted", content: text }, doors, choose));
    else toast("先把码里的文字粘贴进来。");
  };
  button.type = "submit";
  return el("form.paste", { onsubmit }, el("label", { for: "pasted-code" }, "门口平板上的码"), el("div.paste-line", {}, box, button));
}

function groups(list, doors, choose) {
  if (!list.length) return el("p.quiet", {}, "演示里还没有码。阵地的码生成以后会出现在这里。");
  return Object.entries(KINDS).map(([kind, title]) => {
    const codes = list.filter((code) => code.kind === kind);
    return codes.length > 0 && el("section.code-group", {}, el("h2", {}, title), el("ul", {}, codes.map((code) => codeTile(code, doors, choose))));
  });
}

/** The printed code has its site's name under it; the platform knows the number only. */
function named(code, names) {
  const site = /S\d+/.exec(code.label)?.[0];
  return { ...code, label: names[site] || code.label };
}

function codeTile(code, doors, choose) {
  const picture = `/phone/qr.svg?${new URLSearchParams({ content: code.content })}`;
  const button = el("button.code", { onclick: () => busy(button, () => point(code, doors, choose)) },
    el("img", { src: picture, alt: "", width: 72, height: 72, loading: "lazy" }), el("span", {}, code.label));
  return el("li", {}, button);
}

/** What WeChat does with a code depends on what kind it is. */
async function point(code, doors, choose) {
  if (choose) return choose(code.scene || code.content);
  if (code.kind === "mini_program") return doors.open({ page: `${code.page || "pages/check-in"}?${new URLSearchParams({ scene: code.scene })}` });
  if (code.kind === "pasted") return pasted(code.content, doors);
  return poster(code, doors);
}

async function poster(code, doors) {
  if (!follower.person.follows) return doors.go("profile", { scanned: code.scene || code.content });
  await scan(code.scene || code.content);
  return doors.go("chat");
}

async function pasted(text, doors) {
  const codes = await get("/phone/codes").catch(() => []);
  const known = codes.find(({ content, scene }) => text === content || text === scene);
  if (known) return point(known, doors, null);
  return doors.open({ page: `pages/check-in?${new URLSearchParams({ scene: text })}` });
}
