import { describe, expect, test } from "vitest";
import { UsageError } from "../support/errors.js";
import { rankInfoFrom, firstHost } from "./rank-info.js";
const torchrun = {
  RANK: "3",
  WORLD_SIZE: "8",
  LOCAL_RANK: "1",
  LOCAL_WORLD_SIZE: "2",
  MASTER_ADDR: "gpu01",
  MASTER_PORT: "29400",
};
const slurm = {
  SLURM_JOB_ID: "4711",
  SLURM_PROCID: "5",
  SLURM_LOCALID: "1",
  SLURM_STEP_NUM_TASKS: "8",
  SLURM_STEP_NODELIST: "gpu[03-04]",
  SLURM_STEP_TASKS_PER_NODE: "4(x2)",
};

test("torchrun's variables", () => {
  expect(rankInfoFrom(torchrun)).toEqual({
    rank: 3,
    worldSize: 8,
    localRank: 1,
    localWorldSize: 2,
    master: { host: "gpu01", port: 29400 },
    launcherServes: false,
    attempt: 0,
  });
  expect(
    rankInfoFrom({ ...torchrun, TORCHELASTIC_USE_AGENT_STORE: "True", TORCHELASTIC_RESTART_COUNT: "2" }),
  ).toMatchObject({ launcherServes: true, attempt: 2 });
});

test("Kubeflow's, which have no local rank, and an indexed job's, which has its index as rank", () => {
  const { RANK, WORLD_SIZE, MASTER_ADDR } = torchrun;
  expect(rankInfoFrom({ RANK, WORLD_SIZE, MASTER_ADDR })).toMatchObject({
    rank: 3,
    localRank: 0,
    localWorldSize: 1,
    master: { host: "gpu01", port: 29_500 },
  });
  expect(rankInfoFrom({ JOB_COMPLETION_INDEX: "2", WORLD_SIZE, MASTER_ADDR })).toMatchObject({ rank: 2 });
});

test("Slurm's, of a step of the job; the first machine of its list and a port of the job's own", () => {
  expect(rankInfoFrom(slurm)).toEqual({
    rank: 5,
    worldSize: 8,
    localRank: 1,
    localWorldSize: 4,
    master: { host: "gpu03", port: 24_711 },
    launcherServes: false,
    attempt: 0,
  });
  expect(rankInfoFrom({ ...slurm, MASTER_ADDR: "10.0.0.1", MASTER_PORT: "1234" })?.master).toEqual({
    host: "10.0.0.1",
    port: 1234,
  });
});

test.each([
  ["nothing", {}],
  ["a single process", { WORLD_SIZE: "1", RANK: "0" }],
  ["a batch script of Slurm without srun", { SLURM_JOB_ID: "1", SLURM_PROCID: "0", SLURM_NTASKS: "8" }],
])("%s is no group of processes", (_, environment) => {
  expect(rankInfoFrom(environment)).toBeNull();
});

test.each([
  ["gpu[03-05,9],login", "gpu03"],
  ["a,b", "a"],
  ["rack[1,2]-node", "rack1-node"],
  ["localhost", "localhost"],
])("the first of Slurm's machines %s is %s", (list, first) => {
  expect(firstHost(list)).toBe(first);
});

describe("variables that do not go together are named", () => {
  test.each([
    [{ ...torchrun, WORLD_SIZE: "many" }, /WORLD_SIZE .*expected a whole number >= 1, found "many"/],
    [{ ...torchrun, RANK: "8" }, /rank to be below the number of processes, 8; found rank 8/],
    [{ WORLD_SIZE: "2", RANK: "0" }, /WORLD_SIZE is 2: expected MASTER_ADDR/],
    [{ WORLD_SIZE: "2", MASTER_ADDR: "a" }, /JOB_COMPLETION_INDEX .*found nothing/],
  ])("%j", (environment, message) => {
    expect(() => rankInfoFrom(environment)).toThrow(UsageError);
    expect(() => rankInfoFrom(environment)).toThrow(message);
  });
});
