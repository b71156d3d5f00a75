// The chat with the account: bubbles, the bar of menus, the line to write on.

import { el, fill, icon } from "./dom.js";
import { busy, iconButton, topBar } from "./bars.js";
import { pendingRow, row, timeLine } from "./bubbles.js";
import { HERE } from "./here.js";
import { follower, read, say, sayAgain, send } from "./follower.js";
import { menuBar } from "./menu.js";
import { ask } from "./sheet.js";
import { moment } from "./words.js";

const QUIET = 5 * 60_000;
const NEAR_END = 80;

export function chatScreen(doors) {
  const list = el("ol.messages", { role: "log", "aria-live": "polite", "aria-label": "与支部通的聊天", tabindex: 0 });
  const tail = el("ol.messages.pending", { "aria-label": "正在发送的消息" });
  const newer = el("button.newer", { hidden: true, onclick: () => toEnd(true) }, icon("down"), "有新消息");
  const hint = el("p.chat-hint", { hidden: true }, "还没有消息。点下面的菜单，或者点键盘问一句话。");
  const scroller = el("div.scroller", {}, hint, list, tail);
  const offline = el("p.offline", { role: "status", hidden: true }, "网络断开了，正在重新连接…");
  const title = topBar({ title: "支部通", back: () => doors.go("chats"), actions: [iconButton("person", "公众号资料", () => doors.go("profile"))] });
  const footer = el("footer.chat-foot");
  const node = el("section.screen.chat", {}, title, offline, scroller, newer, footer);
  let drawnIds = new Set();
  let lastAt = -Infinity;
  let { reading } = follower;
  const owner = follower.person.openid;

  const atEnd = () => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR_END;
  const toEnd = (smooth) => scroller.scrollTo({ top: scroller.scrollHeight, behavior: smooth && !still() ? "smooth" : "instant" });

  function draw() {
    if (follower.person.openid !== owner) return;
    const stay = !atEnd();
    if (reading !== follower.reading) drawAnew();
    const fresh = follower.messages.filter(({ id }) => !drawnIds.has(id));
    const wroteNow = fresh.some(({ from }) => from === "user") || follower.pending.length > tail.childElementCount;
    fresh.forEach(append);
    fill(tail, follower.pending.map((pending) => pendingRow(pending, follower.person, () => sayAgain(pending))));
    offline.hidden = follower.connected;
    hint.hidden = follower.messages.length + follower.pending.length > 0;
    if (!fresh.length && !wroteNow) return;
    if (stay && !wroteNow) newer.hidden = false;
    else toEnd(drawnIds.size > fresh.length);
    read();
  }

  function drawAnew() {
    ({ reading } = follower);
    drawnIds = new Set();
    lastAt = -Infinity;
    list.replaceChildren();
  }

  function append(message) {
    const at = moment(message.at);
    if (at - lastAt > QUIET) list.append(timeLine(at));
    lastAt = Math.max(lastAt, at);
    list.append(row(message, follower.person, doors));
    drawnIds.add(message.id);
  }

  scroller.addEventListener("scroll", () => atEnd() && (newer.hidden = true), { passive: true });
  follower.addEventListener("change", draw);
  writing(footer, doors);
  return {
    node,
    shown: () => {
      draw();
      toEnd(false);
      read();
    },
    left: () => follower.removeEventListener("change", draw),
  };
}

const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** The foot of the chat: menus first, the keyboard one tap away. */
async function writing(footer, doors) {
  const menus = await menuBar(doors);
  const toText = () => show(false, true);
  const toMenu = () => show(true, true);
  const line = textLine(menus && toMenu);
  const bar = menus && el("div.foot-bar.menus", {}, iconButton("keyboard", "切换到键盘", toText), menus);

  function show(menu, move) {
    fill(footer, menu ? bar : line);
    if (move) footer.querySelector(menu ? ".icon-button" : "textarea").focus();
  }
  show(Boolean(menus), false);
}

function textLine(toMenu) {
  const box = el("textarea", { rows: 1, maxlength: 2000, "aria-label": "写给支部通", placeholder: "问一句，比如：党费怎么交", enterkeyhint: "send" });
  const sender = el("button.send", { onclick: submit, hidden: true }, "发送");
  const more = el("button.more", { onclick: () => busy(more, sendOther), "aria-label": "更多" }, icon("plus"));

  function submit() {
    const text = box.value.trim();
    if (!text) return;
    box.value = "";
    fit();
    box.focus();
    say(text);
  }
  function fit() {
    sender.hidden = !box.value.trim();
    more.hidden = !sender.hidden;
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 132)}px`;
  }
  box.addEventListener("input", fit);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  return el("div.foot-bar.write", {}, toMenu && iconButton("menu", "切换到菜单", toMenu), box, sender, more);
}

const OTHERS = {
  location: { Location_X: String(HERE.lat), Location_Y: String(HERE.lng), Scale: "16", Label: "淄川区（演示位置）" },
  image: { PicUrl: "", MediaId: "demo-picture" },
};

async function sendOther() {
  const type = await ask({
    title: "发送",
    choices: [{ label: "位置（演示：城区中心）", value: "location" }, { label: "一张图片", value: "image" }, { label: "取消", value: null }],
  });
  if (type) await send(type, OTHERS[type]);
}
