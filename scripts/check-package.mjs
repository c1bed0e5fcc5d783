// Checks the package as npm would publish it: its entries (publint), what TypeScript finds in it (attw), its files and
// its size. Reads dist and prebuilds as they are; `npm pack` makes them.
//   node scripts/check-package.mjs
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const maxBytes = 5e6; // packed, without the photographs
const folder = mkdtempSync(join(tmpdir(), "longtail-package-"));
const run = (command, args, stdio = "pipe") =>
  execFileSync(command, args, { cwd: root, encoding: "utf8", maxBuffer: 64 << 20, stdio });

/** Packs without running anything, and says what is in it. */
function pack() {
  const args = ["pack", "--ignore-scripts", "--json", "--pack-destination", folder];
  const answer = JSON.parse(run("npm", args));
  const packed = Array.isArray(answer) ? answer[0] : Object.values(answer)[0]; // npm 11 gives an object by name
  return { tarball: join(folder, packed.filename), files: packed.files, size: packed.size };
}

function checkFiles(files) {
  const unwanted = files.filter(({ path }) => /\.(map|test\.\w+|fixture\.\w+|tsbuildinfo)$/.test(path));
  if (unwanted.length > 0)
    throw new Error(`the package holds ${unwanted.map(({ path }) => path).join(", ")}`);
}

try {
  if (!existsSync(join(root, "dist/index.d.ts"))) throw new Error("dist is not built: npm run build");
  const { tarball, files, size } = pack();
  checkFiles(files);
  const photographs = files.filter(({ path }) => path.startsWith("examples/caltech20-lt/"));
  const bytes = size - photographs.reduce((sum, one) => sum + one.size, 0); // JPEG does not get smaller
  const megabytes = (bytes / 1e6).toFixed(1);
  if (bytes > maxBytes)
    throw new Error(`the package takes ${megabytes} MB without photographs; expected 5 MB at most`);
  run("npx", ["publint", "run", tarball, "--strict"], "inherit");
  run("npx", ["attw", tarball, "--profile", "esm-only"], "inherit");
  console.log(`${files.length} files, ${(size / 1e6).toFixed(1)} MB, ${megabytes} MB without photographs`);
} catch (error) {
  if (error.status === undefined) console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
