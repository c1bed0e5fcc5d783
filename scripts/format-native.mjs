// Formats native/ by .clang-format, or with --check says which files are not formatted and ends with 1.
//   node scripts/format-native.mjs [--check]
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { format } from "@wasm-fmt/clang-format";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const style = readFileSync(join(root, ".clang-format"), "utf8");
const isCheck = process.argv.includes("--check");

const unformatted = readdirSync(join(root, "native"), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /[.](cpp|h)$/.test(entry.name))
  .map((entry) => join(entry.parentPath, entry.name))
  .sort()
  .filter((path) => {
    const source = readFileSync(path, "utf8");
    const formatted = format(source, path, style);
    if (formatted !== source && !isCheck) writeFileSync(path, formatted);
    return formatted !== source;
  })
  .map((path) => relative(root, path));

if (isCheck && unformatted.length > 0) {
  console.error(`not formatted by .clang-format (npm run format mends it):\n  ${unformatted.join("\n  ")}`);
  process.exitCode = 1;
}
