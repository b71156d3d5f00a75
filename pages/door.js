// Shows a site's door code and fetches the next one when it ends.
"use strict";

const RETRY_AFTER = 5000;
const door = document.querySelector(".door");
const picture = document.getElementById("code");
const status = document.getElementById("status");
const api = `/api/v1/sites/${door.dataset.site}`;

// The token comes once in the address, behind "#", and is kept so that the tablet survives a reload.
const given = new URLSearchParams(location.hash.slice(1)).get("token");
if (given) {
  localStorage.setItem("door-token", given);
  history.replaceState(null, "", location.pathname);
}

async function ask(path) {
  const headers = { Authorization: `Bearer ${localStorage.getItem("door-token")}` };
  const response = await fetch(api + path, { headers, cache: "no-store" });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail);
  return answer;
}

async function show() {
  let wait = RETRY_AFTER;
  try {
    const answer = await ask("/code");
    picture.src = `/door/code.svg?code=${encodeURIComponent(answer.code)}`;
    picture.hidden = false;
    status.textContent = "";
    wait = Math.min(30000, Math.max(1000, new Date(answer.expires_at) - Date.now()));
  } catch (error) {
    picture.hidden = true;
    status.textContent = error instanceof TypeError ? "网络不通，正在重试……" : error.message;
  }
  setTimeout(show, wait);
}

if (localStorage.getItem("door-token")) {
  ask("").then((site) => { document.getElementById("site").textContent = site.name; }, () => {});
  show();
} else {
  status.textContent = "请阵地管理员从小程序里打开本页。";
}
