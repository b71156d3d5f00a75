// Keeps pages and their parts, so that they open again without a network. A worker beside them says which.
"use strict";

const PATIENCE = 4000;

// `name` and `version` name what is kept; `parts` are addresses, `isOurs` tells of a path whether it is such a page.
function keepPages({ name, version, parts, isOurs }) {
  const current = `${name}-${version}`;

  // The page that brought this worker was read before there was one: it is read once more, to be kept.
  async function takeOver() {
    for (const one of await caches.keys()) if (one.startsWith(`${name}-`) && one !== current) await caches.delete(one);
    await self.clients.claim();
    const kept = await caches.open(current);
    const open = await self.clients.matchAll({ type: "window" });
    await Promise.all(open.map(({ url }) => kept.add(url.split("#")[0]).catch(() => {})));
  }

  async function freshest(request) {
    const kept = await caches.open(current);
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

  self.addEventListener("install", (event) => {
    self.skipWaiting();
    event.waitUntil(caches.open(current).then((kept) => kept.addAll(parts)));
  });
  self.addEventListener("activate", (event) => event.waitUntil(takeOver()));
  self.addEventListener("fetch", (event) => {
    const { origin, pathname } = new URL(event.request.url);
    const ours = isOurs(pathname) || parts.includes(pathname);
    if (event.request.method === "GET" && origin === self.location.origin && ours) {
      event.respondWith(freshest(event.request));
    }
  });
}
