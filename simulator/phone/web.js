// A web page from a message opens in a window of its own (ours refuse to be framed); an article opens here.

import { el } from "./dom.js";
import { topBar } from "./bars.js";

const LIKE_A_PHONE = "noopener,noreferrer,popup,width=393,height=852";

/** Opens a link as WeChat's own browser in this person's hand. */
export function openPage(url, openid) {
  const inHand = `/phone/open?${new URLSearchParams({ openid, url })}`;
  window.open(inHand, "_blank", matchMedia("(min-width: 900px)").matches ? LIKE_A_PHONE : "noopener,noreferrer");
}

export function readingScreen(doors, { title = "", nodes = [], url }) {
  return { node: el("section.screen.web", {},
    topBar({ title: "支部通", back: () => doors.back("chat") }),
    el("article.scroller.reading", { tabindex: 0 }, el("h2", {}, title), nodes,
      url && el("p", {}, el("a.outside", { href: url, target: "_blank", rel: "noopener noreferrer" }, "阅读原文")))) };
}
