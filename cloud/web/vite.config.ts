/// <reference types="vitest/config" />
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defineConfig, type Plugin } from "vite";

/** Every file of the shell, written into the service worker with a version that follows them. */
function precache(): Plugin {
  let outDir = "dist";
  return {
    name: "ecgomics-precache",
    apply: "build",
    configResolved: (config) => {
      outDir = config.build.outDir;
    },
    closeBundle: () => {
      const files = readdirSync(outDir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && entry.name !== "sw.js")
        .map((entry) => join(entry.parentPath, entry.name))
        .sort();
      const hash = createHash("sha256");
      for (const file of files) hash.update(readFileSync(file));
      const urls = files
        .map((file) => file.slice(outDir.length).replaceAll("\\", "/"))
        .map((url) => (url === "/index.html" ? "/" : url));
      const worker = join(outDir, "sw.js");
      const source = readFileSync(worker, "utf8")
        .replace('"VERSION"', JSON.stringify(hash.digest("hex").slice(0, 12)))
        .replace('["SHELL"]', JSON.stringify(urls));
      writeFileSync(worker, source);
    },
  };
}

export default defineConfig({
  plugins: [precache()],
  build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  server: {
    proxy: {
      "/api": "http://127.0.0.1:8080",
      "/live": { target: "ws://127.0.0.1:8080", ws: true },
      "/relay": { target: "ws://127.0.0.1:8080", ws: true },
    },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
