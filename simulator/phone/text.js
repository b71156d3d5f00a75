// Message text to nodes. A message may hold <a> tags and line breaks; everything else stays text.

import { el } from "./dom.js";

const LINK = /<a\s([^>]*)>([\s\S]*?)<\/a>/gi;
const BARE = /https?:\/\/[^\s<>"'，。；！？、）】]+/g;

/** `open` is called with {url} or {page} when the person taps a link. */
export function rich(text, open) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    nodes.push(...bare(text.slice(from, match.index), open), tagged(match, open));
    from = match.index + match[0].length;
  }
  nodes.push(...bare(text.slice(from), open));
  return nodes;
}

function tagged([whole, attributes, label], open) {
  const page = attribute(attributes, "data-miniprogram-path");
  if (page) return link(label, () => open({ page }));
  const url = webAddress(attribute(attributes, "href"));
  return url ? link(label, () => open({ url }), url) : document.createTextNode(unescaped(label) || whole);
}

function bare(text, open) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(BARE)) {
    nodes.push(unescaped(text.slice(from, match.index)), link(match[0], () => open({ url: match[0] }), match[0]));
    from = match.index + match[0].length;
  }
  nodes.push(unescaped(text.slice(from)));
  return nodes.filter((node) => node !== "");
}

function link(label, act, href = "#") {
  const onclick = (event) => {
    event.preventDefault();
    act();
  };
  return el("a", { href, onclick, rel: "noopener noreferrer" }, unescaped(label));
}

function attribute(text, name) {
  const match = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>]+))`, "i").exec(text);
  return match ? unescaped(match[1] ?? match[2] ?? match[3]) : "";
}

/** The address if it is one of the web, else nothing: `javascript:` and its kin never become links. */
export function webAddress(address) {
  try {
    const url = new URL(address);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : "";
  } catch {
    return "";
  }
}

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&nbsp;": " ", "&amp;": "&" };

function unescaped(text) {
  return text.replace(/&(?:lt|gt|quot|#39|nbsp|amp);/g, (entity) => ENTITIES[entity]);
}

const KINDS = { "[location]": "[位置]", "[image]": "[图片]", "[voice]": "[语音]", "[video]": "[视频]", "[link]": "[链接]" };

/** The platform names what is no text by its type. */
export function readable(text = "") {
  return KINDS[text] || String(text);
}

/** What a message says in one line, for the chat list, the banner and the panel. */
export function summary({ type, content = {} }) {
  if (type === "menu") return content.head || "[选择]";
  if (content.items?.length) return `[服务通知] ${content.title || content.items[0].value}`;
  if (content.articles?.length) return `[图文] ${content.articles[0].title}`;
  if (type === "miniprogram") return `[小程序] ${content.title || ""}`;
  if (type === "link") return `[链接] ${content.title || ""}`;
  if (type === "image") return "[图片]";
  return unescaped(readable(content.text).replace(/<[^>]*>/g, "")).trim();
}

const ALLOWED = new Set("P DIV SECTION H1 H2 H3 H4 UL OL LI STRONG B EM I BR BLOCKQUOTE SPAN TABLE TBODY THEAD TR TD TH".split(" "));

/** An article's HTML rebuilt from a short list of tags, without attributes, scripts or pictures. */
export function article(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  return [...parsed.body.childNodes].map(rebuilt);
}

function rebuilt(node) {
  if (node.nodeType === Node.TEXT_NODE) return document.createTextNode(node.data);
  if (node.nodeType !== Node.ELEMENT_NODE || ["SCRIPT", "STYLE", "TEMPLATE"].includes(node.tagName)) return "";
  const children = [...node.childNodes].map(rebuilt);
  return el(ALLOWED.has(node.tagName) ? node.tagName.toLowerCase() : "span", {}, ...children);
}
