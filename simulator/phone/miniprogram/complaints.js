// 意见建议: say it, get a code, follow it to its answer.

import { el, fill, icon } from "../dom.js";
import { idempotencyKeys } from "./api.js";
import { field, form } from "./forms.js";

const STATES = { received: "收到了，正在办", answered: "有答复了", closed: "已办结" };

export async function complaintPage(ui) {
  await ui.api.enter();
  const box = el("textarea", { rows: 6, maxlength: 1000, placeholder: "哪里不方便、哪里可以更好，照实说。" });
  const anonymous = el("input", { type: "checkbox" });
  const keys = idempotencyKeys();
  const send = async () => {
    const complaint = await ui.api.send("/complaints", { text: box.value.trim(), anonymous: anonymous.checked }, keys);
    fill(ui.body, thanks(complaint, ui));
    ui.body.querySelector("h2").focus();
  };
  return [
    form([field("text", "您的意见或建议", box, "最多 1000 字。件件有回音。"),
      el("label.check", {}, anonymous, el("span", {}, "匿名提：不记下是谁提的。只能凭查询码看结果，有答复也没法通知您。"))], { button: "交上去", onsubmit: send }),
    lookUp(ui),
  ];
}

function thanks(complaint, ui) {
  return el("div.mp-empty", { role: "status" }, el("span.big-icon.good", {}, icon("check")), el("h2", { tabindex: -1 }, "收到了，谢谢您"),
    el("p", {}, "凭这个查询码，随时能看办到哪一步："), el("p.lookup-code", {}, complaint.id),
    el("p", {}, `最迟 ${complaint.due_on} 答复（期限是本区建议值）。`),
    el("button.mp-button.wide.light", { onclick: () => ui.go("home") }, "好"));
}

function lookUp(ui) {
  const box = el("input", { autocomplete: "off", autocapitalize: "characters", placeholder: "12 位查询码" });
  const place = el("div", { "aria-live": "polite" });
  const look = async () => {
    const complaint = await ui.api.get(`/complaints/${encodeURIComponent(box.value.trim() || "-")}`);
    fill(place, told(complaint), complaint.status !== "received" && again(complaint, ui, look));
  };
  return el("details.lookup", {}, el("summary", {}, "查以前提过的"), form([field("lookup", "查询码", box)], { button: "查一查", onsubmit: look }), place);
}

const STEPS = { forwarded: "转给", answered: "答复", closed: "办结", reopened: "再次提出" };

function told(complaint) {
  const steps = complaint.history.map((one) => el("p", {}, `${one.at.slice(5, 10)} ${STEPS[one.kind]}${one.office || ""}：${one.text}`));
  return el("div.mp-card", {}, el("p.strong", {}, STATES[complaint.status] || "正在办"), el("p", {}, complaint.text),
    complaint.status === "received" && el("p", {}, `最迟 ${complaint.due_on} 答复`), complaint.answer && el("p", {}, `答复：${complaint.answer}`), ...steps);
}

function again(complaint, ui, look) {
  const box = el("textarea", { rows: 3, maxlength: 600, placeholder: "还有什么没解决，照实说。" });
  const send = async () => {
    await ui.api.send(`/complaints/${complaint.id}/reopen`, { text: box.value.trim() });
    await look();
  };
  return form([field("text", "没解决？", box)], { button: "没解决，再提", onsubmit: send });
}
