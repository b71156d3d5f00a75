// One message as what a person sees: a bubble, a card, or a grey line.

import { el, icon } from "./dom.js";
import { accountAvatar, personAvatar } from "./bars.js";
import { article, readable, rich, webAddress } from "./text.js";
import { chatTime } from "./words.js";


/** `doors` = {open({url}|{page}|{reading}), say(text, menuItem)}. */
export function row(message, person, doors) {
  if (message.from === "system") return el("li.line", {}, el("span", {}, message.content?.text || ""));
  const mine = message.from === "user";
  const avatar = mine ? personAvatar(person) : accountAvatar();
  const body = drawn(message, doors);
  const wide = body.classList.contains("card") ? ".with-card" : "";
  return el(`li.row${mine ? ".mine" : ".theirs"}${wide}`, {},
    avatar, el("span.unseen", {}, mine ? "我说：" : "支部通说："), body);
}

export function timeLine(at) {
  return el("li.line.time", {}, el("time", {}, chatTime(at)));
}

export function pendingRow(pending, person, again) {
  const mark = pending.failed
    ? el("button.failed", { onclick: again, "aria-label": `没有发出去：${pending.failed} 点一下重发`, title: pending.failed }, "!")
    : el("span.sending", { role: "img", "aria-label": "正在发送" });
  return el("li.row.mine", {}, personAvatar(person), el("div.bubble", {}, pending.text), mark);
}

function drawn({ type, content = {} }, doors) {
  if (type === "menu") return choices(content, doors);
  if (content.items?.length) return notice(content, doors);
  if (content.articles?.length) return news(content.articles, doors);
  if (type === "miniprogram") return miniProgram(content, doors);
  if (type === "link") return news([content], doors);
  if (type === "image") return picture(content);
  return el("div.bubble", {}, rich(readable(content.text), doors.open));
}

function picture({ url }) {
  const address = webAddress(url);
  if (!address) return el("div.bubble", {}, "[图片]");
  return el("div.bubble.picture", {}, el("img", { src: address, alt: "图片", loading: "lazy" }));
}

function news(articles, doors) {
  const [first, ...rest] = articles;
  const cover = webAddress(first.picurl);
  return el("div.card.news", {},
    el("button.news-first", { onclick: () => openArticle(first, doors) },
      el("span.card-title", {}, first.title),
      cover && el("img.cover", { src: cover, alt: "", onerror: (event) => event.target.remove() }),
      first.description && el("span.card-text", {}, first.description),
      el("span.card-foot", {}, "阅读全文", icon("next"))),
    rest.map((other) => el("button.news-more", { onclick: () => openArticle(other, doors) }, el("span", {}, other.title), icon("next"))));
}

function openArticle(piece, doors) {
  const url = webAddress(piece.url);
  if (piece.content) doors.open({ reading: { title: piece.title, nodes: article(piece.content), url } });
  else if (url) doors.open({ url });
  else doors.open({ reading: { title: piece.title, nodes: [el("p", {}, piece.description || "")] } });
}

/** A template message or a subscribe message: lines of name and value, and where they lead. */
function notice({ title, items, page, url }, doors) {
  const address = webAddress(url);
  const act = page ? () => doors.open({ page }) : address ? () => doors.open({ url: address }) : null;
  const lines = items.map(({ name, value }) => el("div.notice-line", {}, el("dt", {}, name), el("dd", {}, value)));
  return el("div.card.notice", {},
    el("span.notice-head", {}, title || "服务通知"),
    el("dl", {}, lines),
    act && el("button.card-foot", { onclick: act }, page ? "进入小程序查看" : "查看详情", icon("next")));
}

function miniProgram({ title, page }, doors) {
  return el("button.card.mini", { onclick: () => doors.open({ page: page || "pages/home" }) },
    el("span.mini-name", {}, accountAvatar("tiny"), "支部通"),
    el("span.card-title", {}, title || "打开小程序"),
    el("span.mini-cover", { "aria-hidden": "true" }, "支部通"),
    el("span.mini-foot", {}, "小程序"));
}

function choices({ head = "", items = [], tail = "" }, doors) {
  return el("div.bubble.choices", {},
    head && el("p", {}, rich(head, doors.open)),
    items.map(({ id, text }) => el("button.choice", { onclick: () => doors.say(text, String(id)) }, text)),
    tail && el("p", {}, rich(tail, doors.open)));
}
