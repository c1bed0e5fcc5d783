/** What processes on one machine share: its cores, and the cache of decoded images. */
import { availableParallelism } from "node:os";
import { describe, expect, test } from "vitest";
import { freePort } from "../../src/support/process.js";
import { toyFolder } from "../../src/training/toy-folder.fixture.js";
import { toyRecipe } from "../../src/training/toy.fixture.js";
import { longtail, training } from "../support/launched.js";
import { inRanks, placeOf } from "../support/ranks.js";

const at = toyFolder("file");

describe("each of two processes computes with", () => {
  const threadsOf = async (omp: string | undefined): Promise<string | undefined> => {
    const port = await freePort();
    const [first] = await Promise.all(
      [0, 1].map((rank) =>
        longtail(training(at("data"), at(`threads-${omp}`), "--set", "epochs=1"), {
          environment: { ...placeOf(rank, 2, port), OMP_NUM_THREADS: omp },
        }),
      ),
    );
    expect(first!.code, first!.stderr).toBe(0);
    return /on cpu, (\d+) threads?;/.exec(first!.stdout)?.[1];
  };
  const cores = availableParallelism();
  const half = Math.max(1, Math.floor(cores / 2));
  test("half of the cores", async () => {
    expect(await threadsOf(undefined)).toBe(String(half));
  });
  test("the threads that its launcher names", async () => {
    const other = String(half === 1 ? Math.min(2, cores) : 1);
    expect(await threadsOf(other)).toBe(other);
  });
});

interface Report {
  /** Hash of an epoch's images without a cache. */
  readonly plain: string;
  readonly cached: readonly { readonly hash: string; readonly filled: readonly string[] }[];
}

test("of processes that want the same cache on the disk at once one fills it and all read the same", async () => {
  const folders = Array.from({ length: 6 }, (_, i) => at(`cache-${i}`));
  const reported = await inRanks<Report>(
    3,
    `
    const { createHash } = await import("node:crypto");
    const { prepare } = await load("training/prepare.js");
    const { scope } = await load("torch/scope.js");
    const epoch = async (data) => {
      const filled = [];
      const report = (event) => {
        if (event.type === "cache" && event.images === event.total) filled.push(event.split);
      };
      world.group.barrier();
      const recipe = { ...given.recipe, data: { ...given.recipe.data, ...data } };
      const training = await prepare(recipe, "cpu", { report });
      const opened = scope();
      const hash = createHash("sha256");
      for (const loader of [training.loaders.train, training.loaders.test])
        for (const { images } of loader.epoch(0)) hash.update(images.contiguous().toArray());
      opened[Symbol.dispose]();
      training[Symbol.dispose]();
      return { hash: hash.digest("hex"), filled };
    };
    const { hash: plain } = await epoch({});
    const cached = [];
    for (const cacheFolder of given.folders) cached.push(await epoch({ cache: "disk", cacheFolder }));
    report({ plain, cached });`,
    { given: { recipe: toyRecipe(at("data")), folders } },
  );
  for (const [i] of folders.entries()) {
    expect(reported.flatMap(({ cached }) => cached[i]!.filled).sort()).toEqual(["test", "train"]);
    for (const { plain, cached } of reported) expect(cached[i]!.hash).toBe(plain);
  }
});
