// 问一问: a question, its answer with the rule it stands on, and whether it helped.

import { el, fill } from "../dom.js";
import { busy } from "../bars.js";
import { toast } from "../sheet.js";
import { rich } from "../text.js";
import { field, form } from "./forms.js";

const EXAMPLES = ["党费怎么交", "预备期多长", "支部委员会多久开一次会"];

export async function questionsPage(ui) {
  await ui.api.enter();
  const box = el("textarea", { rows: 3, maxlength: 600, placeholder: "用平常的话问就行" });
  const answers = el("div.answers", { "aria-live": "polite" });
  const put = async (text) => {
    if (!text) throw Object.assign(new Error("先写下您的问题。"), { errors: [{ field: "text", message: "先写下您的问题。" }] });
    const answer = await ui.api.send("/questions", { text });
    answers.prepend(card(text, answer, ui, again));
    box.value = "";
  };
  const node = form([
    field("text", "想问什么", box),
    el("div.chips", { role: "group", "aria-label": "试着问问" }, EXAMPLES.map((words) => el("button.chip", { onclick: () => again(words) }, words))),
  ], { button: "问一问", onsubmit: () => put(box.value.trim()) });
  function again(words) {
    box.value = words;
    node.requestSubmit();
  }
  return [node, answers];
}

function card(text, answer, ui, again) {
  // The answer usually names its rules itself; what it left out stands below.
  const unnamed = answer.citations.filter(({ rule }) => !answer.text.includes(rule));
  const citations = unnamed.map(({ rule, article }) => el("li", {}, `${rule}${article}`));
  const choices = answer.choices.map(({ question }) => el("button.chip", { onclick: () => again(question) }, question));
  return el("section.mp-card.answer", {}, el("h2", {}, text), el("p.answer-text", {}, rich(answer.text, ui.doors.open)),
    choices.length > 0 && el("div.chips", {}, choices),
    citations.length > 0 && el("div.cited", {}, el("p.quiet", {}, "依据"), el("ul", {}, citations)),
    answer.kind === "answer" && answer.id !== null && thumbs(answer, ui));
}

function thumbs(answer, ui) {
  const place = el("div.thumbs", {});
  const say = (useful) => (event) => busy(event.currentTarget, async () => {
    await ui.api.send(`/questions/${encodeURIComponent(answer.id)}/feedback`, { useful });
    fill(place, el("p.quiet", {}, useful ? "谢谢，记下了。" : "记下了，会请人看看这条。"));
    toast("谢谢您。");
  });
  return fill(place, el("button.chip", { onclick: say(true) }, "有用"), el("button.chip", { onclick: say(false) }, "没用"));
}
