// 支部自评 on a phone: what is typed stays on the phone until the service has it. Without a script the form saves it.
"use strict";

const own = document.querySelector(".own");
const sections = new Map([...own.querySelectorAll("[data-item]")].map((one) => [one.dataset.item, one]));
const less = (item) => sections.get(item).querySelector("input");
const note = (item) => sections.get(item).querySelector("textarea");
const BAD_NUMBER = "扣几分请填数字，最多一位小数，例如 1.5；没有问题填 0";

// {words: {item: {less, note, seen}}, there: {item: word of another phone}, refused: {item: reason}}
const phone = new Kept(
  `self-${own.dataset.assessment}`,
  `/assessments/${own.dataset.assessment}/self`,
  { words: {}, there: {}, refused: {} },
);
const { kept } = phone;

const tenths = (text) => (/^\d{1,3}([.．]\d)?$/.test(text) ? Math.round(Number(text.replace("．", ".")) * 10) : null);
const saying = (word) => `${word.deducted ? `扣 ${word.deducted / 10} 分` : "没有问题"}${word.note ? `：${word.note}` : ""}`;
const asWord = ({ less, note }) => ({ deducted: tenths(less), note });

// What the service had when the page was read, or when it last answered.
function known(item) {
  const deducted = tenths(less(item).defaultValue);
  return deducted === null ? null : { deducted, note: note(item).defaultValue };
}

function learn(item, word) {
  less(item).defaultValue = word ? String(word.deducted / 10) : "";
  note(item).defaultValue = word?.note ?? "";
}

function put(item, { less: number, note: words }) {
  less(item).value = number;
  note(item).value = words;
}

function write(item) {
  const said = { less: less(item).value.trim(), note: note(item).value.trim() };
  const seen = item in kept.words ? kept.words[item].seen : known(item);
  delete kept.refused[item];
  const back = (seen === null && !said.less && !said.note)
    || (seen !== null && asWord(said).deducted === seen.deducted && said.note === seen.note);
  if (back) delete kept.words[item];
  else kept.words[item] = { ...said, seen };
  phone.keep();
  show();
}

const ready = () => Object.keys(kept.words)
  .filter((item) => !kept.there[item] && !kept.refused[item] && tenths(kept.words[item].less) !== null);

async function send() {
  await phone.attempt(async () => {
    const sent = ready().map((item) => [item, { ...kept.words[item] }]);
    const words = sent.map(([item, said]) => ({ item, ...asWord(said), seen: said.seen }));
    const answer = await phone.ask("/words", { words });
    const byItem = new Map(sent);
    for (const one of answer.answers) settle(one, byItem.get(one.item));
    for (const item of sections.keys()) {
      learn(item, answer.words[item] ?? null);
      if (!(item in kept.words)) put(item, { less: less(item).defaultValue, note: note(item).defaultValue });
    }
    phone.keep();
  });
  show();
}

function settle({ item, outcome, reason, there }, sent) {
  if (outcome === "refused") kept.refused[item] = reason;
  else if (outcome === "differs") kept.there[item] = there;
  else if (kept.words[item].less === sent.less && kept.words[item].note === sent.note) delete kept.words[item];
  else kept.words[item].seen = asWord(sent);  // Somebody typed on meanwhile.
}

function choose(item, mine) {
  if (mine) kept.words[item].seen = kept.there[item];
  else {
    learn(item, kept.there[item]);
    put(item, { less: less(item).defaultValue, note: note(item).defaultValue });
    delete kept.words[item];
  }
  delete kept.there[item];
  phone.keep();
  show();
  send();
}

function show() {
  const open = new Set(ready());
  let wrong = 0;
  for (const [item, section] of sections) {
    const place = section.querySelector(".kept-here") ?? section.appendChild(document.createElement("p"));
    place.className = "kept-here";
    const parts = [];
    if (item in kept.words) {
      const { there, refused } = { there: kept.there[item], refused: kept.refused[item] };
      if (there) {
        parts.push(`另一台手机上写的是：${saying(there)}。请选一个：`, newButton("用这里写的", () => choose(item, true)), newButton("用那边写的", () => choose(item, false)));
      } else parts.push(open.has(item) ? "存在这台手机上，还没有上传。" : refused ?? BAD_NUMBER);
      place.classList.toggle("warn", !open.has(item));
      wrong += open.has(item) ? 0 : 1;
    }
    place.replaceChildren(...parts);
  }
  phone.say(open.size, wrong);
}

// The assessors began before these words came: nobody loses them.
function showOnly() {
  for (const [item, said] of Object.entries(kept.words)) {
    const line = document.createElement("p");
    line.className = "warn";
    line.textContent = `这台手机上写的，没有来得及上传：${saying({ ...asWord(said), note: said.note })}`;
    sections.get(item)?.append(line);
  }
}

function start() {
  for (const [item, said] of Object.entries(kept.words)) if (sections.has(item)) put(item, said);
  own.addEventListener("input", (event) => {
    const section = event.target.closest("[data-item]");
    if (section) write(section.dataset.item);
  });
  own.addEventListener("change", send);
  own.addEventListener("submit", async (event) => {
    const saves = event.target.getAttribute("action").endsWith("/save");
    if (!saves && !phone.trouble && !Object.keys(kept.words).length) return;
    event.preventDefault();
    await send();
    if (saves && !phone.trouble && !Object.keys(kept.words).length) location.reload();
  });
  phone.start(send, () => ready().length > 0);
  document.getElementById("status").hidden = false;
  show();
  send();
}

phone.tidy("self-", (other) => !Object.keys(other.words).length);
if (own.querySelector("[data-item] input")) start();
else showOnly();
