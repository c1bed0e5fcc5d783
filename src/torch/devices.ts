/** The devices that this machine and the engine offer, and what is missing where one is not there. */
import { existsSync, readdirSync } from "node:fs";
import { findEngine } from "../libtorch/locate.js";
import { UsageError } from "../support/errors.js";
import type { Environment } from "../support/paths.js";
import { native } from "./native.js";

export function availableDevices(): string[] {
  const { cudaDevices } = native().engineInfo();
  return ["cpu", ...Array.from({ length: cudaDevices }, (_, index) => `cuda:${index}`)];
}

/** The device's full name ("cuda" → "cuda:0"). @throws UsageError that says what is missing when it does not exist here. */
export function checkDevice(name: string): string {
  const full = name === "cuda" ? "cuda:0" : name;
  const known = availableDevices();
  if (known.includes(full)) return full;
  if (isGpu(full))
    throw new UsageError(
      `--device ${name}: expected a GPU, found ${known.join(", ")}. ${whatIsMissing(known)}`,
    );
  throw new UsageError(
    `Unknown device "${name}": expected one of ${known.join(", ")} (what this machine and engine offer)${likely(name)}.`,
  );
}

function isGpu(name: string): boolean {
  return /^cuda:\d+$/.test(name);
}

/** What other programs call their devices. */
function likely(name: string): string {
  const [, index = ""] = /^(?:gpu|nvidia|cuda)?:?(\d*)$/i.exec(name) ?? ["", null];
  if (index !== null && name !== "")
    return `; NVIDIA GPUs are cuda, cuda:0, cuda:1, …: --device cuda${index && `:${index}`}`;
  return /^(mps|metal|rocm|hip|xpu)/i.test(name) ? "; of GPUs it knows NVIDIA's alone, cuda" : "";
}

/** What it takes for a GPU to be there, of which one thing or two are missing. */
interface GpuParts {
  /** Whether the engine has its CUDA libraries. */
  readonly engine: boolean;
  /** Whether the system shows an NVIDIA GPU. */
  readonly gpu: boolean;
  /** What CUDA_VISIBLE_DEVICES says, if anything. */
  readonly visible?: string | undefined;
}

/** Why there is no GPU, or no further one, and what to do. */
export function whatIsMissing(
  known: readonly string[],
  { engine, gpu, visible }: GpuParts = gpuParts(),
): string {
  const install = "`npx longtail engine install --cuda` gets the one for GPUs";
  if (known.length > 1) return `This machine shows ${known.length - 1} of its GPUs here; choose one of them.`;
  if (!engine && gpu) return `There is a GPU, but the engine is the one for CPUs: ${install}.`;
  if (!engine)
    return (
      "Both are missing: the system shows no NVIDIA GPU (`nvidia-smi` lists those that its driver knows), " +
      `and the engine is the one for CPUs: on a machine with a GPU, ${install}.`
    );
  if (visible !== undefined)
    return `The engine is the one for GPUs, but CUDA_VISIBLE_DEVICES=${visible} shows none of this machine's: unset it, or name a GPU.`;
  return gpu
    ? "The engine is the one for GPUs and there is a GPU, but CUDA cannot use it: `nvidia-smi` shows whether its driver works and is new enough."
    : "The engine is the one for GPUs, but the system shows no NVIDIA GPU: `nvidia-smi` lists those that its driver knows.";
}

function gpuParts(environment: Environment = process.env): GpuParts {
  return {
    engine: findEngine(environment)?.cuda ?? false,
    gpu: hasGpu(),
    visible: environment["CUDA_VISIBLE_DEVICES"],
  };
}

/** By the files of its driver, which Linux shows in containers, too. */
function hasGpu(): boolean {
  try {
    const folders = ["/proc/driver/nvidia/gpus", "/dev"].filter((path) => existsSync(path));
    return folders.some((path) =>
      readdirSync(path).some((name) => path !== "/dev" || /^(nvidia\d+|dxg)$/.test(name)),
    );
  } catch {
    return false;
  }
}
