import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin } from "vite";
import { PAGE_STYLE } from "../src/support/page/page.js";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/**
 * A page, whose folder's name is the mode: watch and serve, of the commands of these names; demo, of an exported model. Servers allow it files of its own and nothing inline
 * (src/http/guard.ts).
 */
export default defineConfig(({ mode: page }) => ({
  root: here(page),
  base: "./", // it may be below a proxy's path
  plugins: [svelte({ configFile: false }), pageStyle()],
  build: {
    outDir: here(`../dist/web/${page}`),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2022",
  },
  worker: { format: "es", plugins: () => [withoutWasm()] },
}));

/** What all of longtail's pages look like, as a stylesheet to import. */
function pageStyle(): Plugin {
  const name = "virtual:page-style.css";
  return {
    name,
    resolveId: (id) => (id === name ? `\0${name}` : null),
    load: (id) => (id === `\0${name}` ? PAGE_STYLE : null),
  };
}

/** Leaves out ONNX Runtime's WebAssembly, 14 MB: the exporter puts it beside the page, compressed. */
function withoutWasm(): Plugin {
  return {
    name: "without-wasm",
    generateBundle: (_, bundle) => {
      for (const name of Object.keys(bundle))
        if (name.endsWith(".wasm")) Reflect.deleteProperty(bundle, name);
    },
  };
}
