// Builds the optional CUDA library, build/longtail-cuda.so: NCCL's process group. For an engine with CUDA (LONGTAIL_TORCH,
// or `npx longtail engine install --cuda`) and these headers, of the versions that libtorch was built with:
//   pip install --no-deps --target DIR nvidia-cuda-runtime==13.0.96 nvidia-cuda-crt==13.0.88 nvidia-cuda-cccl==13.0.85 nvidia-nccl-cu13==2.28.9
//   LONGTAIL_CUDA_HEADERS=DIR node scripts/build-cuda.mjs
// Says what is missing and ends with 0 where it is not all there: nothing else needs the library.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { locateEngine } from "../dist/engine/locate.js";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const engine = locateEngine();
const packages = [process.env.LONGTAIL_CUDA_HEADERS, dirname(engine.root)].filter(Boolean);
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

function build() {
  const target = join(root, "build/longtail-cuda.so");
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
      ...["-DUSE_DISTRIBUTED", "-DUSE_C10D_NCCL"],
      ...own,
      ...theirs.flatMap((folder) => ["-isystem", folder]),
      ...[join(root, "native/cuda/library/nccl.cpp"), "-o", partial],
      ...[`-L${join(engine.root, "lib")}`, "-ltorch_cuda", "-lc10_cuda", "-ltorch_cpu", "-lc10"],
    ],
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  renameSync(partial, target);
  console.log(`built ${target}`);
}

const reason = missing();
if (reason) console.log(`the CUDA library is not built: ${reason}`);
else build();
