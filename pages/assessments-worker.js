// Opens a visit and a branch's look at itself again without a network. What is written is kept by the page.
"use strict";

importScripts("/pages/kept-worker.js");
keepPages({
  name: "assessments",
  version: 2,
  parts: [
    "/pages/page.css",
    "/pages/workers.css",
    "/pages/assessments.css",
    "/pages/kept.js",
    "/pages/assessments.js",
    "/pages/self-assessments.js",
  ],
  isOurs: (path) => /^\/assessments\/\d+(\/self)?$/.test(path),
});
