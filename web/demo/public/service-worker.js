/* global self, caches, fetch */
// Keeps the page's files for visits without a network. Files that change are asked for anew, with the kept ones as the fallback.
const KEPT = "longtail-page";

self.addEventListener("install", (event) => event.waitUntil(keepAll()));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (event) => {
  if (event.request.method === "GET" && event.request.url.startsWith(self.registration.scope))
    event.respondWith(answer(event.request));
});

const open = () => caches.open(`${KEPT} ${self.registration.scope}`);

async function keepAll() {
  const names = await (await fetch("./files.json")).json();
  await (await open()).addAll(["./", ...names.map((name) => `./${name}`)]);
  await self.skipWaiting();
}

async function answer(request) {
  const kept = await open();
  try {
    const response = await fetch(request);
    if (response.ok) await kept.put(request, response.clone());
    return response;
  } catch (error) {
    const found = await kept.match(request, { ignoreSearch: true });
    if (found === undefined) throw error;
    return found;
  }
}
