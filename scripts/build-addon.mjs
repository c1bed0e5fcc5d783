// Builds the addon on the machine of someone who installed the package, where the prebuilt one does not fit.
//   node scripts/build-addon.mjs FOLDER [--vision]
// With --vision vision.node alone, which longtail/runtime decodes images by; the engine is not needed then.
// Needs a C++20 compiler (CXX chooses it). The headers of Node and libvips come by npm, with the user's own settings.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildNative, buildVision } from "./build-native.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const compiler = process.env.CXX ?? "g++";
const headerPackages = ["node-api-headers", "@img/sharp-libvips-dev"];

function checkCompiler() {
  const input = "#include <concepts>\ntemplate <std::integral T> T twice(T x) { return x + x; }\n";
  const { status, error } = spawnSync(compiler, ["-std=c++20", "-fsyntax-only", "-x", "c++", "-"], { input });
  if (status === 0) return;
  const found = error?.code === "ENOENT" ? "was not found" : "does not compile C++20";
  throw new Error(
    `a C++20 compiler is needed (g++ 10 or newer): ${compiler} ${found}. Debian, Ubuntu: apt install g++; ` +
      "Fedora: dnf install gcc-c++; or name another in the environment variable CXX",
  );
}

/** Installs the header packages below `folder`, of the versions that package.json names. */
function installHeaders(folder) {
  const { devDependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const wanted = headerPackages.map((name) => `${name}@${devDependencies[name]}`);
  if (headerPackages.every((name) => existsSync(join(folder, "node_modules", name)))) return;
  mkdirSync(folder, { recursive: true });
  const args = [
    "install",
    "--prefix",
    folder,
    "--no-save",
    "--no-audit",
    "--no-fund",
    "--loglevel=error",
    ...wanted,
  ];
  try {
    execFileSync("npm", args, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  } catch (error) {
    throw new Error(`npm could not install ${wanted.join(" and ")}, the headers: ${error.message}`);
  }
}

try {
  const [, , folder, flag] = process.argv;
  if (!folder || (flag && flag !== "--vision"))
    throw new Error("usage: node scripts/build-addon.mjs FOLDER [--vision]");
  checkCompiler();
  const headers = join(folder, "headers");
  installHeaders(headers);
  await (flag ? buildVision : buildNative)({ folder, headers });
  for (const name of ["objects", "headers"]) rmSync(join(folder, name), { recursive: true, force: true });
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
