// Builds the pages of web/ into dist/web, those that are not there or whose sources have changed.
//   node scripts/build-web.mjs
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** The pages, and the folders that each may import from. */
const PAGES = {
  watch: ["web/watch", "src/watch", "src/support"],
  demo: ["web/demo", "web/photographs", "src/onnx", "src/support"],
  serve: ["web/serve", "web/photographs", "src/serve", "src/support"],
};

/** What a page is made of: its own files, what it may import of ours, and the versions of everything else. */
function sources(page) {
  const files = PAGES[page].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/[.](test|fixture)[.]ts$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  const settings = ["package-lock.json", "web/vite.config.ts"].map((name) => join(root, name));
  return [...files, ...settings, fileURLToPath(import.meta.url)].sort();
}

function hashOf(files) {
  const hash = createHash("sha256");
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`${file.slice(root.length)} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

/** Names of the pages that were built; the others are current. */
export async function buildWeb() {
  const built = [];
  for (const page of Object.keys(PAGES)) {
    const stamp = join(root, "dist/web", page, ".sources"); // a hash of what it was built from; written last
    const wanted = hashOf(sources(page));
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) continue;
    await buildPage(page);
    writeFileSync(stamp, wanted);
    built.push(page);
  }
  return built;
}

async function buildPage(page) {
  const { build, loadConfigFromFile } = await import("vite");
  const place = { command: "build", mode: page };
  const { config } = await loadConfigFromFile(place, join(root, "web/vite.config.ts"));
  await build({ ...config, mode: page, configFile: false, logLevel: "warn" });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const built = await buildWeb();
  console.error(built.length > 0 ? `dist/web is built: ${built.join(", ")}` : "dist/web is current");
}
