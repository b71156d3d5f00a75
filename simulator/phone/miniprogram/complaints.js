// 意见建议: say it, get a code, follow it to its answer.

import { el, fill, icon } from "../dom.js";
import { idempotencyKeys } from "./api.js";
import { field, form } from "./forms.js";

const STATES = { received: "收到了，正在办", answered: "有答复了" };

export async function complaintPage(ui) {
  await ui.api.enter();
  const box = el("textarea", { rows: 6, maxlength: 1000, placeholder: "哪里不方便、哪里可以更好，照实说。" });
  const keys = idempotencyKeys();
  const send = async () => {
    const complaint = await ui.api.send("/complaints", { text: box.value.trim() }, keys);
    fill(ui.body, thanks(complaint, ui));
    ui.body.querySelector("h2").focus();
  };
  return [
    form([field("text", "您的意见或建议", box, "最多 1000 字。件件有回音。")], { button: "交上去", onsubmit: send }),
    lookUp(ui),
  ];
}

function thanks(complaint, ui) {
  return el("div.mp-empty", { role: "status" }, el("span.big-icon.good", {}, icon("check")), el("h2", { tabindex: -1 }, "收到了，谢谢您"),
    el("p", {}, "凭这个查询码，随时能看办到哪一步："), el("p.lookup-code", {}, complaint.id),
    el("button.mp-button.wide.light", { onclick: () => ui.go("home") }, "好"));
}

function lookUp(ui) {
  const box = el("input", { autocomplete: "off", autocapitalize: "characters", placeholder: "12 位查询码" });
  const place = el("div", { "aria-live": "polite" });
  const look = async () => {
    const complaint = await ui.api.get(`/complaints/${encodeURIComponent(box.value.trim() || "-")}`);
    fill(place, el("div.mp-card", {}, el("p.strong", {}, STATES[complaint.status] || "正在办"), el("p", {}, complaint.text), complaint.answer && el("p", {}, `答复：${complaint.answer}`)));
  };
  return el("details.lookup", {}, el("summary", {}, "查以前提过的"), form([field("lookup", "查询码", box)], { button: "查一查", onsubmit: look }), place);
}
