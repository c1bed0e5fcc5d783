import { expect, test } from "vitest";
import { availableDevices, checkDevice, whatIsMissing } from "./devices.js";

test("a device that is there has its full name", () => {
  expect(availableDevices()[0]).toBe("cpu");
  expect(checkDevice("cpu")).toBe("cpu");
});

test("an unknown one names those that are there, and what is likely meant", () => {
  const message = (name: string): string => {
    try {
      return checkDevice(name);
    } catch (error) {
      return (error as Error).message.replace(/expected one of .*offer\)/, "…");
    }
  };
  expect(["tpu", "gpu", "0", "gpu:1", "CUDA:1", "mps"].map(message)).toMatchInlineSnapshot(`
    [
      "Unknown device "tpu": ….",
      "Unknown device "gpu": …; NVIDIA GPUs are cuda, cuda:0, cuda:1, …: --device cuda.",
      "Unknown device "0": …; NVIDIA GPUs are cuda, cuda:0, cuda:1, …: --device cuda:0.",
      "Unknown device "gpu:1": …; NVIDIA GPUs are cuda, cuda:0, cuda:1, …: --device cuda:1.",
      "Unknown device "CUDA:1": …; NVIDIA GPUs are cuda, cuda:0, cuda:1, …: --device cuda:1.",
      "Unknown device "mps": …; of GPUs it knows NVIDIA's alone, cuda.",
    ]
  `);
});

test.skipIf(availableDevices().length > 1)(
  "a GPU where there is none: what is missing, and the command",
  () => {
    expect(() => checkDevice("cuda")).toThrow(
      /^--device cuda: expected a GPU, found cpu\. .*npx longtail engine install --cuda/,
    );
  },
);

test("what is missing of engine and GPU", () => {
  const none = ["cpu"];
  expect([
    whatIsMissing(none, { engine: false, gpu: false }),
    whatIsMissing(none, { engine: false, gpu: true }),
    whatIsMissing(none, { engine: true, gpu: false }),
    whatIsMissing(none, { engine: true, gpu: true }),
    whatIsMissing(none, { engine: true, gpu: true, visible: "" }),
    whatIsMissing(["cpu", "cuda:0"]),
  ]).toMatchInlineSnapshot(`
    [
      "Both are missing: the system shows no NVIDIA GPU (\`nvidia-smi\` lists those that its driver knows), and the engine is the one for CPUs: on a machine with a GPU, \`npx longtail engine install --cuda\` gets the one for GPUs.",
      "There is a GPU, but the engine is the one for CPUs: \`npx longtail engine install --cuda\` gets the one for GPUs.",
      "The engine is the one for GPUs, but the system shows no NVIDIA GPU: \`nvidia-smi\` lists those that its driver knows.",
      "The engine is the one for GPUs and there is a GPU, but CUDA cannot use it: \`nvidia-smi\` shows whether its driver works and is new enough.",
      "The engine is the one for GPUs, but CUDA_VISIBLE_DEVICES= shows none of this machine's: unset it, or name a GPU.",
      "This machine shows 1 of its GPUs here; choose one of them.",
    ]
  `);
});
