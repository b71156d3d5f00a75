// 每周微课: read, see an example, try it, five questions. No time is counted, no score kept in sight.

import { el, fill, icon } from "../dom.js";
import { day, isoDate } from "../words.js";
import { submit } from "./forms.js";

const LETTERS = "ABCD";

export async function lessonsPage(ui) {
  const { items } = await ui.api.get("/lessons");
  if (!items.length) return el("div.mp-empty", {}, icon("lesson"), el("p", {}, "课程正在准备，周五见。"));
  const now = thisWeek(items);
  return [
    now && el("button.mp-card.lesson-now", { onclick: () => ui.go("lesson") }, el("span.tag", {}, "本周"), el("span.site-name", {}, now.title), el("span.quiet", {}, now.strand)),
    el("h2.mp-heading", {}, "所有的课"),
    items.map((lesson) => el("button.mp-card.lesson", { onclick: () => ui.go("lesson", { id: lesson.id }) },
      el("span.strong", {}, lesson.title), el("span.quiet", {}, [lesson.strand, lesson.friday && day(lesson.friday)].filter(Boolean).join(" · ")))),
  ];
}

/** Found in the list: only opening the lesson counts as having fetched it. */
function thisWeek(items) {
  const sunday = isoDate(Date.now() + ((7 - (new Date().getDay() || 7)) * 86_400_000));
  return items.filter(({ friday }) => friday && friday <= sunday).sort((one, other) => (one.friday < other.friday ? 1 : -1))[0];
}

export async function lessonPage(ui) {
  const lesson = await ui.api.get(ui.given.id ? `/lessons/${encodeURIComponent(ui.given.id)}` : "/lessons/current");
  return el("article.lesson-text", {},
    el("p.quiet", {}, lesson.strand), el("h2", {}, lesson.title),
    el("section.aims", {}, el("p.strong", {}, "学完能做到"), el("ul", {}, lesson.aims.map((aim) => el("li", {}, aim)))),
    lesson.parts.map((part) => section(part.heading, part.text)),
    section(`看个例子：${lesson.example.title}`, lesson.example.text, ".example"),
    exercise(lesson.exercise),
    lesson.quiz.length > 0 && quiz(lesson, lesson.quiz, ui));
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
  const chosen = new FormData(node);
  const answers = questions.map((_, index) => chosen.get(`q${index}`) || "");
  if (!answers.some(Boolean)) throw new Error("先选一选，至少答一题。");
  const { items } = await ui.api.send(`/lessons/${encodeURIComponent(lesson.id)}/answers`, { answers });
  results.forEach((place) => fill(place));
  for (const result of items) fill(results[result.number - 1], verdict(result));
  node.querySelector(".quiz-result:not(:empty)")?.scrollIntoView({ block: "center", behavior: "instant" });
}

function verdict({ right, answer, explanation, citations }) {
  return el(`div.verdict${right ? ".right" : ".wrong"}`, {}, el("p.strong", {}, right ? "✓ 答对了" : `✗ 应选 ${answer}`),
    el("p", {}, explanation), citations.length > 0 && el("p.quiet", {}, `依据：${citations.join("；")}`));
}
