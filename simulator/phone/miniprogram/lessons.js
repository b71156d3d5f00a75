// 每周微课: read, see an example, try it, five questions. No time is counted, no score kept in sight.

import { el, fill, icon } from "../dom.js";
import { submit } from "./forms.js";

const LETTERS = "ABCD";

export async function lessonsPage(ui) {
  const [{ items }, current] = await Promise.all([ui.api.get("/lessons"), ui.api.get("/lessons/current").catch(() => null)]);
  return [
    current && el("button.mp-card.lesson-now", { onclick: () => ui.go("lesson", { id: current.id }) }, el("span.tag", {}, "本周"), el("span.site-name", {}, current.title), el("span.quiet", {}, current.strand)),
    el("h2.mp-heading", {}, "所有的课"),
    items.length ? items.map((lesson) => el("button.mp-card.lesson", { onclick: () => ui.go("lesson", { id: lesson.id }) }, el("span.strong", {}, lesson.title), el("span.quiet", {}, lesson.strand)))
      : el("div.mp-empty", {}, icon("lesson"), el("p", {}, "课程正在准备，周五见。")),
  ];
}

export async function lessonPage(ui) {
  const lesson = await ui.api.get(ui.given.id ? `/lessons/${encodeURIComponent(ui.given.id)}` : "/lessons/current");
  const content = { ...lesson, ...lesson.body };
  return el("article.lesson-text", {},
    el("p.quiet", {}, content.strand), el("h2", {}, content.title),
    content.aims?.length && el("section.aims", {}, el("p.strong", {}, "学完能做到"), el("ul", {}, content.aims.map((aim) => el("li", {}, aim)))),
    (content.parts || []).map((part) => section(part.heading || part.title, part.text)),
    content.example && section(`看个例子：${content.example.title || ""}`, content.example.text, ".example"),
    content.exercise && exercise(content.exercise),
    content.quiz?.length && quiz(lesson, content.quiz, ui));
}

function section(heading, text, style = "") {
  return el(`section${style}`, {}, el("h3", {}, heading), paragraphs(text));
}

const paragraphs = (text = "") => text.split(/\n+/).filter(Boolean).map((line) => el("p", {}, line));

function exercise({ task, model_solution: solution }) {
  return el("section.exercise", {}, el("h3", {}, "动手试试"), paragraphs(task),
    solution && el("details", {}, el("summary", {}, "看看参考做法"), paragraphs(solution)));
}

function quiz(lesson, questions, ui) {
  const results = questions.map(() => el("div.quiz-result", { role: "status" }));
  const button = el("button.mp-button.wide", {}, "交给小支看看");
  button.type = "submit";
  const node = el("form.quiz", {}, el("h3", {}, "五道小题"), el("p.quiet", {}, "只为自己看看掌握没有，不计分，不排名。"),
    questions.map((question, index) => el("fieldset", {}, el("legend", {}, `${index + 1}. ${question.question}`),
      question.options.map((option, place) => el("label.option", {}, el("input", { type: "radio", name: `q${index}`, value: LETTERS[place] }), el("span", {}, `${LETTERS[place]}. ${option}`))),
      results[index])),
    el("p.form-say", { role: "alert" }), button);
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(node, () => grade(node, lesson, questions, results, ui));
  });
  return node;
}

async function grade(node, lesson, questions, results, ui) {
  const answers = questions.map((_, index) => new FormData(node).get(`q${index}`));
  const missing = answers.findIndex((answer) => !answer);
  if (missing >= 0) throw new Error(`第 ${missing + 1} 题还没有选。`);
  const graded = await ui.api.send(`/lessons/${encodeURIComponent(lesson.id)}/answers`, { answers });
  const list = graded.results || graded.items || graded.answers || [];
  list.forEach((result, index) => results[index] && fill(results[index], verdict(result)));
  node.querySelector(".quiz-result:not(:empty)")?.scrollIntoView({ block: "center", behavior: "instant" });
}

function verdict(result) {
  const right = result.right ?? result.correct ?? result.is_right;
  const citations = (result.citations || []).map((citation) => `${citation.rule}${citation.article || ""}`).join("；");
  return el(`div.verdict${right ? ".right" : ".wrong"}`, {}, el("p.strong", {}, right ? "✓ 答对了" : `✗ 应选 ${result.answer || ""}`),
    result.explanation && el("p", {}, result.explanation), citations && el("p.quiet", {}, `依据：${citations}`));
}
