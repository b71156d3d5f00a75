// The account's own page: where one follows it, and where a follower may leave.

import { el, icon } from "./dom.js";
import { accountAvatar, busy, topBar } from "./bars.js";
import { follow, follower, scan, unfollow } from "./follower.js";
import { ask, toast } from "./sheet.js";

/** `scanned` is the poster that brought a person here who does not follow yet. */
export function profileScreen(doors, { scanned = "" } = {}) {
  const node = el("section.screen.profile");
  const draw = () => node.replaceChildren(
    topBar({ title: "", back: () => (follower.person.follows ? doors.go("chat") : doors.go("chats")) }),
    el("div.scroller", {}, card(doors, scanned)));
  follower.addEventListener("change", draw);
  draw();
  return { node, left: () => follower.removeEventListener("change", draw) };
}

function card(doors, scanned) {
  const { follows } = follower.person;
  return el("div.profile-card", {},
    accountAvatar("big"),
    el("h2", {}, "支部通"),
    el("p.quiet", {}, "服务号 · 演示"),
    el("p.profile-intro", {}, "问党务、约阵地、扫码签到、每周五一节微课。有话随时说，有问必有回音。"),
    scanned && !follows && el("p.profile-note", {}, "您扫了阵地的海报。关注以后，接着为您办签到。"),
    follows ? following(doors) : el("button.main-button", { onclick: (event) => busy(event.currentTarget, () => join(doors, scanned)) }, "关注公众号"),
    follows && el("button.leave", { onclick: () => leave(doors) }, "不再关注"));
}

function following(doors) {
  return el("button.main-button", { onclick: () => doors.go("chat") }, icon("chats"), "发消息");
}

async function join(doors, scanned) {
  // A poster's scan by somebody new is one event for the account: "subscribe" with the scene in it.
  await (scanned ? scan(scanned) : follow());
  doors.go("chat");
}

async function leave() {
  const sure = await ask({
    title: "不再关注“支部通”？",
    body: [el("p", {}, "不再关注以后，收不到它的消息。它会按平台的要求处理您的数据。")],
    choices: [{ label: "不再关注", value: true, kind: "danger" }, { label: "留下来", value: false }],
  });
  if (!sure) return;
  await unfollow().catch((error) => toast(error.message));
}
