// Keeps the pages of a visit, so that they open again without a network. What is written is kept by the page.
"use strict";

const KEPT = "assessments-1";
const PARTS = ["/pages/page.css", "/pages/assessments.css", "/pages/assessments.js"];
const PATIENCE = 4000;
const PAGE = /^\/assessments\/\d+$/;

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(PARTS)));
});

// The page that brought this worker was read before there was one: it is read once more, to be kept.
async function takeOver() {
  for (const name of await caches.keys()) if (name.startsWith("assessments-") && name !== KEPT) await caches.delete(name);
  await self.clients.claim();
  const kept = await caches.open(KEPT);
  const open = await self.clients.matchAll({ type: "window" });
  await Promise.all(open.map(({ url }) => kept.add(url.split("#")[0]).catch(() => {})));
}

self.addEventListener("activate", (event) => event.waitUntil(takeOver()));

async function freshest(request) {
  const kept = await caches.open(KEPT);
  const address = request.url.split("#")[0];
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE), cache: "no-cache" });
    if (response.ok && !response.redirected) await kept.put(address, response.clone());
    if (response.status < 500) return response;
  } catch {
    // No network: what was kept is as good.
  }
  return (await kept.match(address)) ?? Response.error();
}

self.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  const ours = PAGE.test(pathname) || PARTS.includes(pathname);
  if (event.request.method === "GET" && origin === self.location.origin && ours) {
    event.respondWith(freshest(event.request));
  }
});
