// Keeps the tablet's page, so that it opens again without a network. Codes are kept by the page itself.
"use strict";

const KEPT = "door-1";
const PARTS = ["/pages/page.css", "/pages/door.css", "/pages/door.js", "/pages/qr.js"];
const PATIENCE = 4000;

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(caches.open(KEPT).then((kept) => kept.addAll(PARTS)));
});

// The page that brought this worker was read before there was one: it is read once more, to be kept.
async function takeOver() {
  for (const name of await caches.keys()) if (name.startsWith("door-") && name !== KEPT) await caches.delete(name);
  await self.clients.claim();
  const kept = await caches.open(KEPT);
  const open = await self.clients.matchAll({ type: "window" });
  await Promise.all(open.map(({ url }) => kept.add(url.split("#")[0]).catch(() => {})));
}

self.addEventListener("activate", (event) => event.waitUntil(takeOver()));

async function freshest(request) {
  const kept = await caches.open(KEPT);
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(PATIENCE), cache: "no-cache" });
    if (response.ok) await kept.put(request.url.split("#")[0], response.clone());
    if (response.status < 500) return response;
  } catch {
    // No network: what was kept is as good.
  }
  return (await kept.match(request.url.split("#")[0])) ?? Response.error();
}

self.addEventListener("fetch", (event) => {
  const { origin, pathname } = new URL(event.request.url);
  const ours = pathname.startsWith("/door/") || PARTS.includes(pathname);
  if (event.request.method === "GET" && origin === self.location.origin && ours) {
    event.respondWith(freshest(event.request));
  }
});
