// Keeps the heads on a keeper's page up to date: by listening, or by asking where that fails.
"use strict";

const ASK_EVERY = 15000;
const here = `/keeper/${document.querySelector(".keeper").dataset.site}`;
const status = document.getElementById("live");

function show(visits) {
  for (const visit of visits) {
    const shown = document.querySelector(`[data-visit="${visit.booking_id}"]`);
    if (!shown) {
      status.textContent = "有新的活动，刷新页面就能看到。";
      return;
    }
    shown.textContent = visit.present;
  }
  status.textContent = "人数自动更新。";
}

async function ask() {
  try {
    const response = await fetch(`${here}/present`, { cache: "no-store" });
    if (!response.ok) throw new Error();
    show(await response.json());
  } catch {
    status.textContent = "暂时连不上，正在重试。数字可能不是最新的。";
  }
}

function listen() {
  const heads = new EventSource(`${here}/live`);
  heads.onmessage = (event) => show(JSON.parse(event.data));
  heads.onerror = () => {
    status.textContent = "暂时连不上，正在重试。数字可能不是最新的。";
    if (heads.readyState !== EventSource.CLOSED) return;  // It comes back by itself.
    ask();
    setTimeout(listen, ASK_EVERY);
  };
}

if (window.EventSource) {
  listen();
} else {
  setInterval(ask, ASK_EVERY);
}
