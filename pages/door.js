// Shows a site's door code, another one every 30 seconds, from a day's codes that were fetched ahead.
"use strict";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const REFRESH_AFTER = HOUR;
const RETRY_AFTER = 15 * SECOND;
const COUNT_EVERY = 10 * SECOND;
const PATIENCE = 10 * SECOND;
const LOW = 2 * HOUR;
const CLOCK_OFF = 2 * MINUTE;
const GATE_OPENS_BEFORE = 30 * MINUTE;

const element = (id) => document.getElementById(id);
const door = document.querySelector(".door");
const api = `/api/v1/sites/${door.dataset.site}`;
const key = `door-codes-${door.dataset.site}`;

// The token comes once in the address, behind "#", and is kept so that the tablet survives a reload.
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  localStorage.setItem("door-token", given);
  history.replaceState(null, "", location.pathname);
}

class Refused extends Error {
  constructor(answer) {
    super(answer.detail);
    this.code = answer.code;
  }
}

async function ask(path) {
  const headers = { Authorization: `Bearer ${localStorage.getItem("door-token")}` };
  const response = await fetch(api + path, { headers, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  if (response.ok) return response.json();
  if (response.status >= 500) throw new Error("the service is away");
  throw new Refused(await response.json());
}

// A day's codes: {name, starts, window, codes, offset}. `offset` is what the tablet's clock lacks.
function read() {
  try {
    const day = JSON.parse(localStorage.getItem(key));
    return Array.isArray(day?.codes) ? day : null;
  } catch {
    return null;
  }
}

let day = read();
let trouble = "";
let shown = "";
let again;

const now = () => Date.now() + (day?.offset ?? 0);
const ends = () => day.starts + day.codes.length * day.window * SECOND;

async function refresh() {
  clearTimeout(again);
  let wait = RETRY_AFTER;
  const asked = Date.now();
  try {
    const answer = await ask("/codes");
    const halfway = (asked + Date.now()) / 2;
    day = {
      name: answer.site_name,
      starts: Date.parse(answer.starts_at),
      window: answer.window,
      codes: answer.codes,
      offset: Math.round(Date.parse(answer.now) - halfway),
    };
    localStorage.setItem(key, JSON.stringify(day));
    trouble = "";
    wait = REFRESH_AFTER;
  } catch (error) {
    trouble = error instanceof Refused ? error.message : "没有网络";
    if (error.code === "not_allowed") {
      localStorage.removeItem(key);
      day = null;
    }
  }
  show();
  again = setTimeout(refresh, wait);
}

function show() {
  const code = day?.codes[Math.floor((now() - day.starts) / (day.window * SECOND))];
  if (code && code !== shown) element("modules").setAttribute("d", qrPath(code));
  shown = code ?? "";
  element("code").toggleAttribute("hidden", !code);
  element("gone").hidden = Boolean(code) || !day;
  element("next").hidden = !code;
  if (code) element("next").value = day.window - (((now() - day.starts) / SECOND) % day.window);
  if (day) tell("site", day.name);
  tell("status", say(code));
}

// Only what has changed: a screen reader would say it again every second.
function tell(id, words) {
  if (element(id).textContent !== words) element(id).textContent = words;
}

function say(code) {
  if (!day) return trouble ? `${trouble}，还没有取到签到码，正在重试……` : "正在取码……";
  const left = ends() - now();
  if (!code) return trouble || "正在取码……";
  const until = `签到码够用到 ${moment(ends())}`;
  if (trouble) return `${trouble}。${left < LOW ? "注意：" : "照常扫码，"}${until}${left < LOW ? "，请尽快联网。" : "。"}`;
  const clock = Math.abs(day.offset) > CLOCK_OFF ? "平板的时间不准，签到码已按服务器时间更正。" : "";
  return `已联网。${clock}断网也不怕，${until}。`;
}

function moment(time) {
  const format = { timeZone: "Asia/Shanghai", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false };
  const part = Object.fromEntries(new Intl.DateTimeFormat("zh-CN", format).formatToParts(time).map(({ type, value }) => [type, value]));
  return `${part.month}月${part.day}日 ${part.hour}:${part.minute}`;
}

// Heads, never names. What can't be known now isn't shown.
async function count() {
  const here = await ask("/present").then(({ items }) => items.filter((visit) => (
    Date.parse(visit.starts_at) - GATE_OPENS_BEFORE <= now() && now() < Date.parse(visit.ends_at)
  )), () => []);
  element("present").replaceChildren(...here.map((visit) => {
    const line = document.createElement("p");
    const heads = document.createElement("strong");
    heads.textContent = visit.present;
    line.append(`${visit.branch}　已到 `, heads, ` 人（预约 ${visit.headcount} 人）`);
    return line;
  }));
  setTimeout(count, COUNT_EVERY);
}

// A sleeping tablet shows nothing: the screen is kept on where the browser lets us, and where not we say so.
async function stayAwake() {
  if (document.visibilityState !== "visible") return;
  show();
  const held = await navigator.wakeLock?.request("screen").catch(() => null);
  element("wake").hidden = Boolean(held);
  held?.addEventListener("release", () => { element("wake").hidden = false; });
}

async function keepPage() {
  const kept = await navigator.serviceWorker?.register("/door/worker.js", { updateViaCache: "none" }).catch(() => null);
  element("unkept").hidden = Boolean(kept);
}

if (localStorage.getItem("door-token")) {
  refresh();
  count();
  show();
  setInterval(show, SECOND);
  stayAwake();
  keepPage();
  document.addEventListener("visibilitychange", stayAwake);
  addEventListener("online", refresh);
} else {
  element("status").textContent = "请阵地管理员从小程序里打开本页。";
}
