// The visit on a phone: what is written stays on the phone until the service has it, in whatever order.
"use strict";

const AT_ONCE = 20;

const visit = document.querySelector(".visit");
const element = (id) => document.getElementById(id);

// {kit, lines: {id: line}, sent: {id: outcome}, refused: {id: reason}}
const phone = new Kept(
  `assessment-${visit.dataset.assessment}`,
  `/assessments/${visit.dataset.assessment}`,
  { kit: null, lines: {}, sent: {}, refused: {} },
);
const { kept } = phone;
let handedIn = Boolean(kept.kit?.handed_in);

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

// The same as the service's own merge: what nothing replaces counts; two of one family contradict.
function merge(lines) {
  const parent = {};
  const root = (id) => {
    parent[id] ??= id;
    while (parent[id] !== id) id = parent[id];
    return id;
  };
  const replaced = new Set();
  for (const line of lines) {
    root(line.id);
    for (const other of line.replaces) {
      replaced.add(other);
      const [low, high] = [root(line.id), root(other)].sort();
      parent[high] = low;
    }
  }
  const heads = lines.filter((line) => !replaced.has(line.id));
  const families = {};
  for (const head of heads) (families[root(head.id)] ??= []).push(head);
  const twice = Object.values(families).filter((family) => family.length > 1);
  return { heads, twice };
}

function write(line) {
  const made = { id: newId(), replaces: [], deducted: 0, rule: "", fact: "", evidence: "", at: new Date().toISOString(), ...line };
  kept.lines[made.id] = made;
  if (!phone.keep()) delete kept.lines[made.id];
  show();
  send();
}

const unsent = () => Object.values(kept.lines).filter((line) => !kept.sent[line.id] && !kept.refused[line.id]);

// What another phone of the same person sent comes in here too.
function take(lines) {
  for (const line of lines) {
    kept.lines[line.id] = line;
    kept.sent[line.id] = "taken";
  }
}

async function send() {
  await phone.attempt(async () => {
    while (unsent().length) {
      const { answers, lines } = await phone.ask("/observations", { lines: unsent().slice(0, AT_ONCE) });
      for (const { id, outcome, reason } of answers) {
        if (outcome === "refused") kept.refused[id] = reason;
        else kept.sent[id] = outcome;
      }
      take(lines);
      phone.keep();
    }
  });
  show();
}

async function refresh() {
  await phone.attempt(async () => {
    const kit = await phone.ask("/kit");
    take(kit.lines);
    delete kit.lines;
    kept.kit = kit;
    handedIn = kit.handed_in;
    phone.keep();
  });
  show();
  if (!phone.trouble) await send();
}

const amount = (tenths) => String(tenths / 10);

function show() {
  if (!kept.kit) {
    element("status").textContent = phone.trouble ? `${phone.trouble}，还没有取到评估表，正在重试……` : "正在取评估表……";
    return;
  }
  const { heads, twice } = merge(Object.values(kept.lines));
  let left = 0;
  let deducted = 0;
  for (const item of kept.kit.items) {
    const mine = heads.filter((line) => line.item === item.code);
    const against = twice.filter((family) => family[0].item === item.code);
    const section = document.querySelector(`[data-item="${item.code}"]`);
    section.classList.toggle("seen", mine.length > 0 && !against.length);
    section.classList.toggle("twice", against.length > 0);
    left += mine.length ? 0 : 1;
    deducted += Math.min(item.worth, mine.reduce((sum, line) => sum + line.deducted, 0));
    list(section, item, mine, against);
    acts(section, item, mine);
  }
  const waiting = unsent().length;
  const refused = Object.keys(kept.refused).filter((id) => heads.some((line) => line.id === id)).length;
  phone.say(waiting, refused);
  element("left").textContent = handedIn
    ? "您已经提交。要修改，请组长退回。"
    : `${left ? `还有 ${left} 项没看。` : "都看过了。"}已扣 ${amount(deducted)} 分。${twice.length ? `有 ${twice.length} 处改了两次，请先选定。` : ""}`;
  element("hand-in").hidden = handedIn || left > 0 || twice.length > 0 || waiting > 0 || refused > 0;
}

function list(section, item, mine, against) {
  const rows = mine.filter((line) => line.deducted || kept.refused[line.id]).map((line) => {
    const row = document.createElement("li");
    const text = document.createElement("span");
    text.className = "text";
    text.textContent = `扣 ${amount(line.deducted)} 分：${line.fact}（佐证：${line.evidence}）${kept.sent[line.id] ? "" : "　未上传"}`;
    row.append(text);
    const family = against.find((one) => one.includes(line));
    if (family) row.append(newButton("用这个", () => write({ ...copied(line), replaces: family.map((one) => one.id) })));
    else if (!handedIn) {
      row.append(newButton("修改", () => form(section, item, line)));
      row.append(newButton("撤回", () => write({ item: item.code, replaces: [line.id] })));
    }
    if (kept.refused[line.id]) {
      const wrong = document.createElement("span");
      wrong.className = "wrong";
      wrong.textContent = kept.refused[line.id];
      row.append(wrong);
    }
    return row;
  });
  const none = mine.find((line) => !line.deducted && !kept.refused[line.id]);
  if (none && !rows.length) {
    const row = document.createElement("li");
    row.textContent = `看过，没有问题。${kept.sent[none.id] ? "" : "　未上传"}`;
    rows.push(row);
  }
  section.querySelector(".written").replaceChildren(...rows);
}

const copied = ({ item, deducted, rule, fact, evidence }) => ({ item, deducted, rule, fact, evidence });

function acts(section, item, mine) {
  const place = section.querySelector(".acts");
  if (place.querySelector("form")) return;  // Nobody's half-written words are taken away.
  const buttons = handedIn ? [] : [newButton("扣分", () => form(section, item, null))];
  if (!handedIn && !mine.length) buttons.unshift(newButton("没有问题", () => write({ item: item.code })));
  place.replaceChildren(...buttons);
}

function form(section, item, line) {
  const place = section.querySelector(".acts");
  const made = document.createElement("form");
  const fields = {
    deducted: field(made, `扣几分（最多 ${amount(item.worth)}）`, "input", { type: "number", min: "0.1", max: amount(item.worth), step: "0.1", inputMode: "decimal" }),
    rule: field(made, "依据", "input", { maxLength: 120 }),
    fact: field(made, "事实：哪一天、哪件事", "textarea", { rows: 3, maxLength: 500 }),
    evidence: field(made, "佐证：哪份记录、哪一页", "textarea", { rows: 2, maxLength: 500 }),
  };
  fields.deducted.value = line ? amount(line.deducted) : "";
  fields.rule.value = line?.rule || item.rule.slice(0, 120);
  fields.fact.value = line?.fact ?? "";
  fields.evidence.value = line?.evidence ?? "";
  const save = document.createElement("button");
  save.textContent = "保存";
  save.className = "big";
  made.append(save, newButton("不记了", () => { made.remove(); show(); }));
  made.addEventListener("submit", (event) => {
    event.preventDefault();
    const said = { item: item.code, deducted: Math.round(Number(fields.deducted.value) * 10), replaces: line ? [line.id] : seen(item) };
    for (const name of ["rule", "fact", "evidence"]) said[name] = fields[name].value.trim();
    made.remove();
    write(said);
  });
  place.replaceChildren(made);
  fields.deducted.focus();
}

// Somebody who first saw no problem and then one has said so once, not twice.
const seen = (item) => merge(Object.values(kept.lines)).heads
  .filter((line) => line.item === item.code && !line.deducted).map((line) => line.id);

function field(place, words, kind, settings) {
  const label = document.createElement("label");
  const input = Object.assign(document.createElement(kind), settings, { required: true });
  label.append(words, input);
  place.append(label);
  return input;
}

async function handIn() {
  if (!confirm("提交以后自己不能再改，要改须组长退回。现在提交吗？")) return;
  try {
    await phone.ask("/hand-in", {});
    handedIn = kept.kit.handed_in = true;
    phone.keep();
    phone.trouble = "";
  } catch (error) {
    phone.trouble = error.code ? error.message : "没有网络，请稍后再提交";
  }
  show();
}

element("hand-in").addEventListener("click", handIn);
phone.tidy("assessment-", (other) => Object.keys(other.lines).every((id) => other.sent[id]));
phone.start(refresh, () => unsent().length > 0);
show();
refresh();
