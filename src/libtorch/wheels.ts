import type { Wheel, WheelMembers } from "../package-index/wheel.js";
import { LIBTORCH_VERSION } from "./version.js";

/**
 * Every file that an installation is made of; `node scripts/pin-wheels.mjs` prints the lines for another version of
 * torch. torch's wheel is the one for Python 3.12: its libraries are the same for every Python.
 */
const pins = [
  {
    name: "torch",
    version: LIBTORCH_VERSION,
    file: "torch-2.11.0-cp312-cp312-manylinux_2_28_x86_64.whl",
    size: 530712279,
    sha256: "0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756",
    record: "64d76220aff1572ba2ee949e3c4e5633a21f7aa626c634ee1730609464777fc5",
  },
  {
    name: "nvidia-cuda-runtime",
    version: "13.0.96",
    file: "nvidia_cuda_runtime-13.0.96-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    size: 2243632,
    sha256: "7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548",
    record: "34c7a65651597fd8a376b049b69bb26db399a9ea443a7a142ccd34f5a10f79c4",
  },
  {
    name: "nvidia-cuda-cupti",
    version: "13.0.85",
    file: "nvidia_cuda_cupti-13.0.85-py3-none-manylinux_2_25_x86_64.whl",
    size: 10715597,
    sha256: "4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8",
    record: "f8ae8ddce85f8e319abac90e956bf45a572e31f4ff01af2d634f37aa3d78e3eb",
  },
  {
    name: "nvidia-cublas",
    version: "13.1.0.3",
    file: "nvidia_cublas-13.1.0.3-py3-none-manylinux_2_27_x86_64.whl",
    size: 423133236,
    sha256: "ee8722c1f0145ab246bccb9e452153b5e0515fd094c3678df50b2a0888b8b171",
    record: "35a31bf9f5d4fa709c63a127c3b0651f3ccfec462c422cf8bf5d9e964301de59",
  },
  {
    name: "nvidia-cuda-nvrtc",
    version: "13.0.88",
    file: "nvidia_cuda_nvrtc-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
    size: 90215200,
    sha256: "ad9b6d2ead2435f11cbb6868809d2adeeee302e9bb94bcf0539c7a40d80e8575",
    record: "c836d98d0eebc101713a79a8d2802f22dfe8b3f9118403d987470bc0b59c9e0b",
  },
  {
    name: "nvidia-cudnn-cu13",
    version: "9.19.0.56",
    file: "nvidia_cudnn_cu13-9.19.0.56-py3-none-manylinux_2_27_x86_64.whl",
    size: 366066321,
    sha256: "d20e1734305e9d68889a96e3f35094d733ff1f83932ebe462753973e53a572bf",
    record: "f3d7140798fccda99fb75841ff41c5dd88de4bc6bd5bffb49200c9b7bf791ca8",
  },
  {
    name: "nvidia-cufft",
    version: "12.0.0.61",
    file: "nvidia_cufft-12.0.0.61-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    size: 214085489,
    sha256: "6c44f692dce8fd5ffd3e3df134b6cdb9c2f72d99cf40b62c32dde45eea9ddad3",
    record: "50d86a39c8b16aaedabf82f2e54418ecd00435467f47bdcc12f08b3f00c5dcb4",
  },
  {
    name: "nvidia-cufile",
    version: "1.15.1.6",
    file: "nvidia_cufile-1.15.1.6-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    size: 1223672,
    sha256: "08a3ecefae5a01c7f5117351c64f17c7c62efa5fffdbe24fc7d298da19cd0b44",
    record: "71e64aad4a5cac9a56b737d732caa43c0ebc36e4e5ac4f63b523f45ab50285d6",
  },
  {
    name: "nvidia-curand",
    version: "10.4.0.35",
    file: "nvidia_curand-10.4.0.35-py3-none-manylinux_2_27_x86_64.whl",
    size: 59544258,
    sha256: "1aee33a5da6e1db083fe2b90082def8915f30f3248d5896bcec36a579d941bfc",
    record: "a4340ab778f30ac2b39e95dd8447a6d79925287d312442c102dac6e2105dc025",
  },
  {
    name: "nvidia-cusolver",
    version: "12.0.4.66",
    file: "nvidia_cusolver-12.0.4.66-py3-none-manylinux_2_27_x86_64.whl",
    size: 200941980,
    sha256: "0a759da5dea5c0ea10fd307de75cdeb59e7ea4fcb8add0924859b944babf1112",
    record: "2b13143036698247ffae6687e0645d1b903cef6d6851c04bc3f45536f918cb92",
  },
  {
    name: "nvidia-cusparse",
    version: "12.6.3.3",
    file: "nvidia_cusparse-12.6.3.3-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    size: 145942937,
    sha256: "2b3c89c88d01ee0e477cb7f82ef60a11a4bcd57b6b87c33f789350b59759360b",
    record: "1bc905cfcd5b254d22a6866884cd7280da178e2bf7971dcfef65dd6c11c72dfd",
  },
  {
    name: "nvidia-cusparselt-cu13",
    version: "0.8.0",
    file: "nvidia_cusparselt_cu13-0.8.0-py3-none-manylinux2014_x86_64.whl",
    size: 169884119,
    sha256: "25e30a8a7323935d4ad0340b95a0b69926eee755767e8e0b1cf8dd85b197d3fd",
    record: "43278a3f845551894a9cf1381e29b7c5b845aa1eae0b14bb4f8338c470c042ff",
  },
  {
    name: "nvidia-nccl-cu13",
    version: "2.28.9",
    file: "nvidia_nccl_cu13-2.28.9-py3-none-manylinux_2_18_x86_64.whl",
    size: 196493177,
    sha256: "e4553a30f34195f3fa1da02a6da3d6337d28f2003943aa0a3d247bbc25fefc42",
    record: "354815308954b2fd5ffcfe2fc264ed611ee91912cadbab28632d10424988f4bb",
  },
  {
    name: "nvidia-nvjitlink",
    version: "13.0.88",
    file: "nvidia_nvjitlink-13.0.88-py3-none-manylinux2010_x86_64.manylinux_2_12_x86_64.whl",
    size: 40713933,
    sha256: "13a74f429e23b921c1109976abefacc69835f2f433ebd323d3946e11d804e47b",
    record: "8deabe93d94e96f22180365bcd7c5a39c30c41e97d3cd7f9bb375cd1460eddfa",
  },
  {
    name: "nvidia-nvshmem-cu13",
    version: "3.4.5",
    file: "nvidia_nvshmem_cu13-3.4.5-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl",
    size: 60412546,
    sha256: "290f0a2ee94c9f3687a02502f3b9299a9f9fe826e6d0287ee18482e78d495b80",
    record: "b6aa8392b88088391e5b1ce756ca95d02035d25c26ea070f65794b24cb095fd7",
  },
  {
    name: "nvidia-nvtx",
    version: "13.0.85",
    file: "nvidia_nvtx-13.0.85-py3-none-manylinux1_x86_64.manylinux_2_5_x86_64.whl",
    size: 148047,
    sha256: "4936d1d6780fbe68db454f5e72a42ff64d1fd6397df9f363ae786930fd5c1cd4",
    record: "2a8c8921f0a28790c1ef3c6f4c7f2ee5972f94a3818b1bbe12d99030afb72a66",
  },
] as const satisfies readonly Wheel[];

const headers = ["torch/include/", "torch/version.py"];

const kept: Readonly<Record<string, readonly string[]>> = {
  torch: [
    "torch/lib/libc10.so",
    "torch/lib/libtorch.so",
    "torch/lib/libtorch_cpu.so",
    "torch/lib/libtorch_global_deps.so",
    "torch/lib/libgomp.so.1",
    ...headers,
  ],
  // libtorch_cpu.so names the CUDA runtime and CUPTI, so that their two libraries are needed without a GPU, too.
  "nvidia-cuda-runtime": ["nvidia/cu13/lib/libcudart.so.13"],
  "nvidia-cuda-cupti": ["nvidia/cu13/lib/libcupti.so.13"],
};

export const CPU_WHEELS: readonly WheelMembers[] = pins.flatMap((wheel) => {
  const members = kept[wheel.name];
  return members ? [{ wheel, members }] : [];
});

/** With CUDA all of torch/lib, and all of NVIDIA's libraries that torch's metadata requires. */
export const CUDA_WHEELS: readonly WheelMembers[] = pins.map((wheel) => ({
  wheel,
  members: wheel.name === "torch" ? ["torch/lib/", ...headers] : ["nvidia/"],
}));
