// Builds the optional CUDA library, build/longtail-cuda.so: recorded steps and NCCL's process group. For an engine with
// CUDA (LONGTAIL_TORCH, or `npx longtail engine install --cuda`) and NVIDIA's headers of the versions that libtorch was
// built with: of the engine, of LONGTAIL_CUDA_HEADERS, or of the user's cache, where `--headers` puts them (pip, 15 MB).
//   node scripts/build-cuda.mjs [--headers] [--force]
// Says what is missing and ends with 0 where it is not all there: nothing else needs the library.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { locateEngine } from "../dist/libtorch/locate.js";
import { userCacheFolder } from "../dist/support/paths.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const engine = locateEngine();
const headers = join(userCacheFolder(process.env), "cuda-headers-13.0");
const wheels = ["nvidia-cuda-runtime==13.0.96", "nvidia-cuda-crt==13.0.88", "nvidia-cuda-cccl==13.0.85"];
const packages = [process.env.LONGTAIL_CUDA_HEADERS, dirname(engine.root), headers].filter(Boolean);
const target = join(root, "build/longtail-cuda.so");
const sources = ["native/cuda/library", "native/cuda/library/headers/ATen/cuda", "native/cuda"].flatMap(
  (folder) =>
    readdirSync(join(root, folder))
      .filter((name) => /[.](cpp|h)$/.test(name))
      .map((name) => join(root, folder, name)),
);
const units = sources.filter((path) => path.endsWith(".cpp") && dirname(path).endsWith("library"));
const folders = packages.flatMap((folder) =>
  ["cu13/include", "cu13/include/cccl", "nccl/include"].map((part) => join(folder, "nvidia", part)),
);

/** What has to be found in one of the folders. */
const needed = ["cuda_runtime_api.h", "crt/host_config.h", "cuda/std/version", "nccl.h"];

function missing() {
  if (!engine.cuda) return `${engine.root} has no CUDA libraries`;
  const header = needed.find((name) => !folders.some((folder) => existsSync(join(folder, name))));
  return header && `no ${header} in ${folders.join(", ")}`;
}

/** pip's, into the cache; a folder that was cut short is filled anew. */
function installHeaders() {
  execFileSync(
    "python3",
    ["-m", "pip", "install", "--quiet", "--no-deps", "--upgrade", "--target", headers, ...wheels],
    {
      stdio: ["ignore", "inherit", "inherit"],
    },
  );
}

/** Whether the library is younger than its sources and the engine. */
function isCurrent() {
  if (process.argv.includes("--force") || !existsSync(target)) return false;
  const { mtimeMs } = statSync(target);
  const used = [...sources, fileURLToPath(import.meta.url), join(engine.root, "lib/libtorch_cuda.so")];
  return used.every((path) => statSync(path).mtimeMs < mtimeMs);
}

function build() {
  const partial = `${target}.${process.pid}`;
  const own = [join(root, "native/cuda/library/headers"), join(root, "native")].map(
    (folder) => `-I${folder}`,
  );
  const theirs = [
    ...folders,
    join(engine.root, "include"),
    join(engine.root, "include/torch/csrc/api/include"),
  ];
  mkdirSync(dirname(target), { recursive: true });
  execFileSync(
    process.env.CXX ?? "g++",
    [
      ...["-std=c++20", "-O2", "-fPIC", "-shared", "-fvisibility=hidden"],
      ...["-Wall", "-Wextra", "-Wno-unused-parameter"],
      ...(process.env.LONGTAIL_WERROR === "1" ? ["-Werror"] : []),
      ...["-DUSE_DISTRIBUTED", "-DUSE_C10D_NCCL"],
      ...own,
      ...theirs.flatMap((folder) => ["-isystem", folder]),
      ...[...units, "-o", partial],
      ...[`-L${join(engine.root, "lib")}`, "-ltorch_cuda", "-lc10_cuda", "-ltorch_cpu", "-lc10"],
    ],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  renameSync(partial, target);
  console.log(`built ${target}`);
}

if (engine.cuda && missing() && process.argv.includes("--headers")) installHeaders();
const reason = missing();
if (reason) console.log(`the CUDA library is not built: ${reason}`);
else if (isCurrent()) console.log(`${target} is up to date`);
else build();
