import { expect, test, vi } from "vitest";
import { coresHere } from "./cores.js";

vi.mock("node:os", () => ({ availableParallelism: () => 16 }));

test.each([
  ["a process alone has all", {}, 16],
  ["of torchrun's or longtail launch's four each has a fourth", { LOCAL_WORLD_SIZE: "4" }, 4],
  ["of more processes than cores each has one", { LOCAL_WORLD_SIZE: "40" }, 1],
  ["Kubeflow sets no variable for others on the machine", { WORLD_SIZE: "8", RANK: "3" }, 16],
  ["of Slurm's three tasks a machine each has a third", { SLURM_STEP_TASKS_PER_NODE: "3(x2)" }, 5],
  ["Slurm's tasks have what was asked for", { SLURM_STEP_TASKS_PER_NODE: "4", SLURM_CPUS_PER_TASK: "8" }, 8],
  [
    "and no more than there is: tasks that are bound to cores see only theirs",
    { SLURM_CPUS_PER_TASK: "64" },
    16,
  ],
  ["launch within a job of Slurm divides", { LOCAL_WORLD_SIZE: "2", SLURM_CPUS_PER_TASK: "16" }, 8],
])("%s: %j", (_, environment, cores) => {
  expect(coresHere(environment)).toBe(cores);
});
