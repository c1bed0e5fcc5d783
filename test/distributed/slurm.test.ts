/** examples/clusters/slurm.sh, as sbatch runs it on a cluster of two nodes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { toyFolder } from "../../src/training/toy-folder.fixture.js";
import { launch, longtail, training } from "../support/launched.js";
import { apart } from "../support/run-weights.js";
import { SlurmCluster, SlurmUnusable } from "../support/slurm/cluster.js";
import { slurmPrograms } from "../support/slurm/programs.js";

const script = join(import.meta.dirname, "../../examples/clusters/slurm.sh");
const program = join(import.meta.dirname, "../../bin/longtail.js");
const at = toyFolder("file");

const programs = slurmPrograms();
const reason = "missing" in programs ? programs.missing : "";

/** What each of the script's #SBATCH lines says of a machine, for this one. */
const SMALL = ["--nodes=2", "--ntasks-per-node=1", "--gpus-per-node=0", "--cpus-per-task=1"];

describe.skipIf(reason !== "")(`Slurm (${reason || "started here"})`, () => {
  test("the script's two tasks, a node each, train as launch's two processes do", async ({ skip }) => {
    await using cluster = await SlurmCluster.start(
      programs as Exclude<typeof programs, { missing: string }>,
      2,
    ).catch((error: unknown) =>
      error instanceof SlurmUnusable ? skip(error.message) : Promise.reject(error as Error),
    );
    const [, recipe, , , , , ...settings] = training(at("data"), at("slurm"), "--timeout", "60");
    const environment = { LONGTAIL: `${process.execPath} ${program}`, RECIPE: recipe!, DEVICE: "cpu" };
    const log = at("slurm.log");
    const where = [`--output=${log}`, `--chdir=${at(".")}`];
    const job = [...SMALL, ...where, script, at("data"), at("slurm"), ...settings];
    await cluster.batch(job, environment).catch((error: unknown) => {
      throw new Error(readFileSync(log, "utf8"), { cause: error });
    });
    const said = readFileSync(log, "utf8");
    expect(said).toMatch(/^0: 2 processes: a batch of 8 images \(data\.batch\), 4 in each process$/m);
    expect(said).not.toMatch(/^1: /m);

    const launched = await longtail(launch(2, training(at("data"), at("launched"))));
    expect(launched.code, launched.stderr).toBe(0);
    const confusion = (run: string): unknown =>
      (JSON.parse(readFileSync(join(at(run), "result.json"), "utf8")) as { confusion: unknown }).confusion;
    expect(confusion("slurm")).toEqual(confusion("launched"));
    expect(apart(at("slurm"), at("launched"))).toBe(0);
  });
});
