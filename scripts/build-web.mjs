// Builds the page of `longtail watch` into dist/web, where it is not there or its sources have changed.
//   node scripts/build-web.mjs
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stamp = join(root, "dist/web/.sources"); // a hash of what it was built from; written last

/** What the page is made of: its own files, what it may import of ours, and the versions of everything else. */
function sources() {
  const folders = ["web", "src/watch", "src/support"];
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/[.](test|fixture)[.]ts$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return [...files, join(root, "package-lock.json"), fileURLToPath(import.meta.url)].sort();
}

function hashOf(files) {
  const hash = createHash("sha256");
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`${file.slice(root.length)} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

/** True when it was built, false when it is current. */
export async function buildWeb() {
  const wanted = hashOf(sources());
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return false;
  const { build, loadConfigFromFile } = await import("vite");
  const place = { command: "build", mode: "production" };
  const { config } = await loadConfigFromFile(place, join(root, "web/vite.config.ts"));
  await build({ ...config, configFile: false, logLevel: "warn" });
  writeFileSync(stamp, wanted);
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  console.error((await buildWeb()) ? "dist/web is built" : "dist/web is current");
