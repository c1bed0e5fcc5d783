/**
 * The engine's version, here and nowhere else. The addon is compiled against exactly this libtorch: its C++
 * interface promises nothing to any other.
 */
export const LIBTORCH_VERSION = "2.11.0";

/** A file of a wheel that the engine needs: an exact path, or a folder when it ends in "/". */
export interface WheelParts {
  readonly requirement: string;
  readonly members: readonly string[];
}

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
      "torch/include/",
      "torch/version.py",
      `torch-${LIBTORCH_VERSION}.dist-info/licenses/`,
    ],
  },
  {
    requirement: "nvidia-cuda-runtime==13.0.96",
    members: ["nvidia/cu13/lib/libcudart.so.13", "nvidia_cuda_runtime-13.0.96.dist-info/licenses/"],
  },
  {
    requirement: "nvidia-cuda-cupti==13.0.85",
    members: ["nvidia/cu13/lib/libcupti.so.13", "nvidia_cuda_cupti-13.0.85.dist-info/licenses/"],
  },
];

/** With CUDA the whole of torch/lib; the NVIDIA libraries follow from the wheel's own list of requirements. */
export const CUDA_WHEEL: WheelParts = {
  requirement: `torch==${LIBTORCH_VERSION}`,
  members: [
    "torch/lib/",
    "torch/include/",
    "torch/version.py",
    `torch-${LIBTORCH_VERSION}.dist-info/METADATA`,
    `torch-${LIBTORCH_VERSION}.dist-info/licenses/`,
  ],
};

/** What to keep of an NVIDIA wheel. */
export const NVIDIA_MEMBERS: readonly string[] = ["nvidia/"];
