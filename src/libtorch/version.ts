/**
 * The engine's version, here and nowhere else. The addon is compiled against exactly this libtorch: its C++
 * interface promises nothing to any other.
 */
export const LIBTORCH_VERSION = "2.11.0";

/** What to keep of a wheel: exact paths, and folders (they end in "/"). Licences are always kept. */
export interface WheelParts {
  readonly requirement: string;
  readonly members: readonly string[];
}

const headers = ["torch/include/", "torch/version.py"];

/** libtorch_cpu.so names the CUDA runtime and CUPTI, so that their two libraries are needed without a GPU, too. */
export const CPU_WHEELS: readonly WheelParts[] = [
  {
    requirement: `torch==${LIBTORCH_VERSION}`,
    members: [
      "torch/lib/libc10.so",
      "torch/lib/libtorch.so",
      "torch/lib/libtorch_cpu.so",
      "torch/lib/libtorch_global_deps.so",
      "torch/lib/libgomp.so.1",
      ...headers,
    ],
  },
  { requirement: "nvidia-cuda-runtime==13.0.96", members: ["nvidia/cu13/lib/libcudart.so.13"] },
  { requirement: "nvidia-cuda-cupti==13.0.85", members: ["nvidia/cu13/lib/libcupti.so.13"] },
];

const metadata = `torch-${LIBTORCH_VERSION}.dist-info/METADATA`;

/** With CUDA all of torch/lib; `metadata` lists the NVIDIA wheels that belong to it, of which all is kept. */
export const CUDA_WHEELS = {
  torch: { requirement: `torch==${LIBTORCH_VERSION}`, members: ["torch/lib/", ...headers, metadata] },
  metadata,
  nvidiaMembers: ["nvidia/"],
} as const;

/** Free space that an installation takes while it runs: the wheels, pip's copy of the largest, what is kept. */
export const NEEDED_BYTES = { cpu: 2e9, cuda: 8e9 } as const;
