import { expect, test } from "vitest";
import { rankInfoFrom } from "./rank-info.js";
import { deviceOf } from "./join.js";

const launched = { RANK: "3", WORLD_SIZE: "4", LOCAL_RANK: "1", MASTER_ADDR: "gpu01" };
const slurm = { SLURM_PROCID: "3", SLURM_LOCALID: "1", SLURM_STEP_NUM_TASKS: "4" };

test.each([
  ["a process alone", {}, "cuda", "cuda"],
  ["one of several on a machine, the GPU of its number", launched, "cuda", "cuda:1"],
  ["also of those that are made visible", { ...launched, CUDA_VISIBLE_DEVICES: "4,5" }, "cuda", "cuda:1"],
  [
    "also where there are too few, which is an error later",
    { ...launched, CUDA_VISIBLE_DEVICES: "4" },
    "cuda",
    "cuda:1",
  ],
  ["a task of Slurm", { ...slurm, CUDA_VISIBLE_DEVICES: "0,1" }, "cuda", "cuda:1"],
  ["a task of Slurm with a GPU of its own", { ...slurm, CUDA_VISIBLE_DEVICES: "1" }, "cuda", "cuda:0"],
  ["launch within a job of Slurm", { ...slurm, ...launched, CUDA_VISIBLE_DEVICES: "1" }, "cuda", "cuda:1"],
  ["a device that is named", launched, "cuda:0", "cuda:0"],
  ["the CPU", launched, "cpu", "cpu"],
])("%s", (_, environment, asked, device) => {
  expect(deviceOf(rankInfoFrom(environment), asked, environment)).toBe(device);
});
