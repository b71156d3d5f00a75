// What is written on a page stays on the phone until the service has it, in whatever order it gets there.
"use strict";

const PATIENCE = 15000;
const AGAIN_AFTER = 20000;
const MONTH = 30 * 24 * 3600 * 1000;

class Kept {
  // `key` names what is kept, `here` is the address that takes it, `empty` what there is at first.
  constructor(key, here, empty) {
    Object.assign(this, { key, here, trouble: "", busy: false, next: null });
    this.kept = { ...empty, touched: Date.now() };
    try {
      Object.assign(this.kept, JSON.parse(localStorage.getItem(key)));
    } catch {
      // What can't be read is as good as nothing.
    }
  }

  keep() {
    this.kept.touched = Date.now();
    try {
      localStorage.setItem(this.key, JSON.stringify(this.kept));
      return true;
    } catch {
      this.trouble = "手机存不下了，请先联网上传，再清理手机空间";
      return false;
    }
  }

  async ask(path, body) {
    const options = { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) };
    if (body !== undefined) {
      options.method = "POST";
      options.headers = { "Content-Type": "application/json" };
      options.body = JSON.stringify(body);
    }
    const response = await fetch(this.here + path, options);
    if (response.status >= 500) throw new Error("the service is away");
    const answer = await response.json();
    if (!response.ok) throw Object.assign(new Error(answer.detail), { code: answer.code });
    return answer;
  }

  // Do what needs the network, one thing at a time, and remember what hindered it. Of what is asked for meanwhile
  // the last follows at once, not at the next look.
  async attempt(work) {
    this.next = work;
    if (this.busy) return;
    this.busy = true;
    try {
      while (this.next) {
        const now = this.next;
        this.next = null;
        await now();
      }
      this.trouble = "";
    } catch (error) {
      this.next = null;
      this.trouble = error.code ? error.message : "没有网络";
    } finally {
      this.busy = false;
    }
  }

  say(waiting, refused) {
    const status = document.getElementById("status");
    let words = "已联网，记录都已上传。";
    if (waiting) words = `${this.trouble || "正在上传"}：${waiting} 条存在这台手机上，联网后自动上传。`;
    else if (this.trouble) words = `${this.trouble}。可以照常记录，存在这台手机上，联网后自动上传。`;
    if (refused) words += `有 ${refused} 条没有收下，请看红字。`;
    if (status.textContent !== words) status.textContent = words;
    status.classList.toggle("calm", !waiting && !this.trouble && !refused);
  }

  // What is all uploaded and a month old isn't kept for ever. `isDone` tells of another page's words.
  tidy(prefix, isDone) {
    for (const name of Object.keys(localStorage).filter((one) => one.startsWith(prefix) && one !== this.key)) {
      try {
        const other = JSON.parse(localStorage.getItem(name));
        if (isDone(other) && Date.now() - other.touched > MONTH) localStorage.removeItem(name);
      } catch {
        localStorage.removeItem(name);
      }
    }
  }

  // Open again without a network, and try again when there is one, while `waits` says that something does.
  start(refresh, waits) {
    navigator.serviceWorker?.register("/assessments/worker.js", { updateViaCache: "none" }).catch(() => null);
    addEventListener("online", refresh);
    setInterval(() => { if (this.trouble || waits()) refresh(); }, AGAIN_AFTER);
  }
}

function newButton(words, press) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = words;
  made.addEventListener("click", press);
  return made;
}
