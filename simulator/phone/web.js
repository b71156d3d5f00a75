// A web page opened from a message, as WeChat's browser shows it; or an article to read.

import { el } from "./dom.js";
import { topBar } from "./bars.js";

export function webScreen(doors, { url }) {
  const { host } = new URL(url);
  return { node: el("section.screen.web", {},
    topBar({ title: host, back: () => doors.back("chat"), actions: [outside(url)] }),
    el("iframe.page", { src: url, title: `网页 ${host}`, sandbox: "allow-scripts allow-forms allow-same-origin allow-popups allow-downloads", referrerpolicy: "no-referrer" })) };
}

export function readingScreen(doors, { title, nodes, url }) {
  return { node: el("section.screen.web", {},
    topBar({ title: "支部通", back: () => doors.back("chat") }),
    el("article.scroller.reading", { tabindex: 0 }, el("h2", {}, title), nodes, url && el("p", {}, outside(url)))) };
}

const outside = (url) => el("a.outside", { href: url, target: "_blank", rel: "noopener noreferrer" }, "新窗口");
