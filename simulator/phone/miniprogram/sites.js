// 阵地地图: the list of sites, one site, its free times.

import { el, fill, icon } from "../dom.js";
import { busy } from "../bars.js";
import { HERE } from "../here.js";
import { ask } from "../sheet.js";
import { clockTime, day, distance, isoDate } from "../words.js";
import { Api } from "./api.js";

const CATEGORIES = { "": "全部", RURAL: "农村", URBAN: "城市", NEW: "两新", MIX: "综合" };
const DAYS_SHOWN = 14;
const TYPING_PAUSE = 300;

const NAMES = "phone-site-names";

const chosen = { category: "", q: "", near: false };

export async function sitesPage(ui) {
  const list = el("div.site-list", { "aria-live": "polite" });
  const filters = el("div.chips.kinds", { role: "group", "aria-label": "类别" });
  const near = el("button.chip.near", { "aria-pressed": String(chosen.near) }, icon("pin"), "离我近");
  let asked = 0;

  async function load() {
    const turn = (asked += 1);
    drawFilters();
    const { items } = await ui.api.get("/sites", { category: chosen.category, q: chosen.q, ...(chosen.near ? HERE : {}) });
    if (turn === asked) fill(list, items.length ? items.map((site) => siteCard(site, ui)) : nothing());
  }
  const reload = () => load().catch((error) => fill(list, el("p.trouble", {}, error.message)));
  function drawFilters() {
    fill(filters, Object.entries(CATEGORIES).map(([value, label]) => el("button.chip", { "aria-pressed": String(value === chosen.category), onclick: () => pick(value) }, label)));
  }
  function pick(value) {
    chosen.category = value;
    reload();
  }
  near.addEventListener("click", () => busy(near, async () => {
    chosen.near = chosen.near ? false : await mayLocate();
    near.setAttribute("aria-pressed", String(chosen.near));
    await reload();
  }));
  await load();
  return [el("div.filter-line", {}, searchBox(reload), near), filters, list];
}

/** Names by number, as they are printed at the door; kept, so that looking does not log anybody in. */
export async function siteNames(openid) {
  const kept = localStorage.getItem(NAMES);
  if (kept) return JSON.parse(kept);
  const { items } = await new Api(openid).get("/sites").catch(() => ({ items: [] }));
  const names = Object.fromEntries(items.map(({ id, name }) => [id, name]));
  if (items.length) localStorage.setItem(NAMES, JSON.stringify(names));
  return names;
}

function searchBox(reload) {
  let waiting = 0;
  const input = el("input", { type: "search", value: chosen.q, placeholder: "名称、镇街、拼音都行", "aria-label": "找阵地" });
  input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      chosen.q = input.value.trim();
      reload();
    }, TYPING_PAUSE);
  });
  return el("div.search", {}, icon("search"), input);
}

async function mayLocate() {
  return Boolean(await ask({
    title: "支部通 申请获取您的位置",
    body: [el("p", {}, "只用来把近的排在前面，不保存。不同意也能照常使用。")],
    choices: [{ label: "允许", value: true, kind: "main" }, { label: "不允许", value: false }],
  }));
}

const nothing = () => el("div.mp-empty", {}, icon("map"), el("p", {}, "没有找到。换个词，或者看看全部类别。"));

function siteCard(site, ui) {
  return el("button.mp-card.site", { onclick: () => ui.go("site", { id: site.id }) },
    el("span.site-name", {}, site.name),
    el("span.site-line", {}, tag(site), el("span", {}, site.town), el("span", {}, `可容 ${site.capacity} 人`),
      site.distance_m !== null && el("span.far", {}, distance(site.distance_m))),
    site.intro && el("span.quiet", {}, site.intro));
}

const tag = (site) => el(`span.tag.kind-${site.category}`, {}, CATEGORIES[site.category] || "阵地");

export async function sitePage(ui) {
  const { id } = ui.given;
  const today = Date.now();
  const [person, site, slots] = await Promise.all([
    ui.api.enter(),
    ui.api.get(`/sites/${encodeURIComponent(id)}`),
    ui.api.get(`/sites/${encodeURIComponent(id)}/slots`, { from: isoDate(today), to: isoDate(today + DAYS_SHOWN * 86_400_000) }),
  ]);
  return [
    el("div.mp-card.site-head", {}, el("h2", {}, site.name), el("p.site-line", {}, tag(site), el("span", {}, site.town), el("span", {}, `可容 ${site.capacity} 人`)),
      site.intro && el("p", {}, site.intro), facts(site)),
    keeps(person, id) && el("button.mp-button.wide.light", { onclick: () => ui.go("door", { site: id }) }, icon("door"), "门口的签到码"),
    el("h2.mp-heading", {}, "可以约的时段"),
    slotList(slots.items, site, ui),
  ];
}

export const keeps = (person, siteId) => Boolean(person?.duties.some(({ role, site_id: kept }) => role === "site_keeper" && kept === siteId));

const SERVICES = { theme_day: "主题党日", party_lesson: "党课", life_meeting: "组织生活会", training: "实训", oath: "重温誓词", volunteering: "志愿服务" };

function fee(site) {
  if (!site.fee) return "免费";
  return `每人 ${(site.fee / 100).toFixed(2).replace(/\.00$/, "")} 元，${site.fee_from_dues ? "可以" : "不能"}用党费列支`;
}

function facts(site) {
  const lines = [["地址", site.address || site.town], ["可承担的活动", (site.services || []).map((word) => SERVICES[word]).join("、")], ["收费", fee(site)], ["功能", site.features.join("、")], ["讲解", (site.guides || []).map(({ name, hours }) => hours ? `${name}（${hours}）` : name).join("；")], ["停车", site.parking === null ? "" : site.parking ? `${site.parking} 个车位` : "没有停车位"], ["无障碍", site.access === null ? "" : site.access ? "轮椅可以进出" : "有台阶，轮椅进出不便"], ["预约", site.needs_approval ? "提交后由阵地确认" : "有名额当时就能约好"]].filter(([, value]) => value);
  return el("dl.facts", {}, lines.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
}

function slotList(slots, site, ui) {
  if (!slots.length) return el("div.mp-empty", {}, icon("calendar"), el("p", {}, "这两周没有可以约的时段，换一处看看。"));
  const days = Map.groupBy ? Map.groupBy(slots, ({ starts_at }) => isoDate(starts_at)) : grouped(slots);
  return [...days.values()].map((list) => el("section.slot-day", {}, el("h3", {}, day(list[0].starts_at)), el("ul", {}, list.map((slot) => el("li", {}, slotButton(slot, site, ui))))));
}

function grouped(slots) {
  const days = new Map();
  for (const slot of slots) days.set(isoDate(slot.starts_at), [...(days.get(isoDate(slot.starts_at)) || []), slot]);
  return days;
}

function slotButton(slot, site, ui) {
  const places = slot.free;
  const words = slot.closed ? "不开放" : places > 0 ? `余 ${places} 人` : "已约满，可候补";
  return el(`button.slot${places > 0 ? "" : ".full"}`, { disabled: slot.closed, onclick: () => ui.go("book", { slot: slot.id, site: site.id, name: site.name, starts: slot.starts_at, ends: slot.ends_at, left: places }) },
    el("span.strong", {}, `${clockTime(slot.starts_at)}—${clockTime(slot.ends_at)}`), el("span.slot-left", {}, words));
}
