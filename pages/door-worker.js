// Opens the tablet's page again without a network. Codes are kept by the page itself.
"use strict";

importScripts("/pages/kept-worker.js");
keepPages({
  name: "door",
  version: 2,
  parts: ["/pages/page.css", "/pages/door.css", "/pages/door.js", "/pages/qr.js"],
  isOurs: (path) => path.startsWith("/door/"),
});
