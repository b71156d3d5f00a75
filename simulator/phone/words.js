// Dates, numbers and labels as people say them, in China's time wherever the browser stands.

const ZONE = "Asia/Shanghai";
const WEEKDAYS = "日一二三四五六";
const DAY = 86_400_000;

export const DUTIES = {
  member: "党员",
  branch_worker: "支部党务工作者",
  site_keeper: "阵地管理员",
  town_officer: "镇街党务干部",
  district_officer: "区委组织部干部",
};

/** Milliseconds, from an RFC 3339 text or milliseconds. A bare date is that day at noon here. */
export function moment(at) {
  if (typeof at === "number") return at;
  return Date.parse(at.length === 10 ? `${at}T12:00:00+08:00` : at);
}

function parts(at) {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: ZONE, year: "numeric", month: "numeric", day: "numeric",
    hour: "2-digit", minute: "2-digit", hourCycle: "h23",
  });
  return Object.fromEntries(format.formatToParts(moment(at)).map(({ type, value }) => [type, value]));
}

const weekday = (p) => WEEKDAYS[new Date(Date.UTC(p.year, p.month - 1, p.day)).getUTCDay()];
const dayNumber = (p) => Date.UTC(p.year, p.month - 1, p.day) / DAY;

export function clockTime(at) {
  const p = parts(at);
  return `${p.hour}:${p.minute}`;
}

/** `2026-01-09`, as the API wants dates. */
export function isoDate(at) {
  const p = parts(at);
  return `${p.year}-${p.month.padStart(2, "0")}-${p.day.padStart(2, "0")}`;
}

/** `1月9日 星期五` */
export function day(at) {
  const p = parts(at);
  return `${p.month}月${p.day}日 星期${weekday(p)}`;
}

export function span(from, to) {
  return `${day(from)} ${clockTime(from)}—${clockTime(to)}`;
}

/** The grey time above a bubble, as WeChat words it. */
export function chatTime(at, now = Date.now()) {
  const p = parts(at);
  const days = dayNumber(parts(now)) - dayNumber(p);
  const time = `${p.hour}:${p.minute}`;
  if (days === 0) return time;
  if (days === 1) return `昨天 ${time}`;
  if (days > 1 && days < 7) return `星期${weekday(p)} ${time}`;
  const year = p.year === parts(now).year ? "" : `${p.year}年`;
  return `${year}${p.month}月${p.day}日 ${time}`;
}

export function distance(metres) {
  if (metres === null || metres === undefined) return "";
  if (metres < 1000) return `${Math.round(metres / 10) * 10} 米`;
  return `${(metres / 1000).toFixed(metres < 10_000 ? 1 : 0)} 公里`;
}

const TOWNS = "般阳路街道 松龄路街道 将军路街道 钟楼街道 洪山镇 罗村镇 寨里镇 双杨镇 昆仑镇 岭子镇 龙泉镇 西河镇 太河镇 区直机关工委".split(" ");

/** Where a demo person belongs, from the organization's code: the simulator knows no names. */
export function place({ organization = "", duty }) {
  if (!duty) return "不在名册上";
  const town = TOWNS[Number(organization.slice(2, 4)) - 1];
  if (organization === "ZC") return "全区";
  return organization.length > 4 && town ? `${town} · ${Number(organization.slice(4))} 号支部` : town || organization;
}

export const dutyName = (duty) => DUTIES[duty] || duty || "还没有登记";
