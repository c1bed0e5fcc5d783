import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { freePort } from "../../src/support/process.js";
import { inRanks, placeOf, program, start } from "../support/ranks.js";

test("tensors and words go between processes", async () => {
  const [first, second] = await inRanks<Record<string, unknown>>(
    2,
    `
    const { tensor } = await load("torch/create.js");
    const { group } = world;
    const reduced = Object.fromEntries(["sum", "max", "min"].map((how) => {
      const values = tensor([rank + 1, -rank]);
      group.allReduce([values], how);
      return [how, values.toList()];
    }));
    const shared = tensor([rank, 7 * rank]);
    group.broadcast([shared], 1);
    const gathered = group.allGather(tensor([rank, 10 + rank])).map((one) => one.toList());
    const { rows, start } = world.gatherRows(tensor(rank === 0 ? [] : [1, 2, 3, 4], { shape: [2 * rank, 2] }));
    group.barrier();
    report({
      ...reduced, shared: shared.toList(), gathered, rows: rows.toList(), start,
      any: world.any([false, rank === 1]), total: world.sum([0.25, rank]),
      words: await world.exchange("words", "of " + rank),
    });`,
  );
  const same = {
    sum: [3, -1],
    max: [2, 0],
    min: [1, -1],
    shared: [1, 7],
    gathered: [
      [0, 10],
      [1, 11],
    ],
    rows: [1, 2, 3, 4],
    any: [false, true],
    total: [0.5, 1],
    words: ["of 0", "of 1"],
  };
  expect(first).toEqual({ ...same, start: 0 });
  expect(second).toEqual({ ...same, start: 0 });
});

test("a process that is late is given up, but waited for as long as it tells that it is at work", async () => {
  const [first] = await inRanks<{ late: string; working: string[] }>(
    2,
    `
    const { atWork } = await load("distributed/peers.js");
    const rest = () => new Promise((done) => setTimeout(done, 3000));
    await world.exchange("the start", "");
    if (rank === 1) await atWork(world, rest);
    const working = await world.exchange("work", "of " + rank);
    if (rank === 1) await rest();
    const late = await world.exchange("rest", "").catch((error) => error.message);
    report({ working, late });`,
    { timeoutMs: 2000 },
  );
  expect(first!.working).toEqual(["of 0", "of 1"]);
  expect(first!.late).toBe('rank 1 did not come to "rest" within 2 s');
});

test("processes also meet at a file", async () => {
  const folder = mkdtempSync(join(tmpdir(), "longtail-store-"));
  const reported = await inRanks<number[]>(
    2,
    `
    const { Store } = await load("distributed/store.js");
    const { ProcessGroup } = await load("distributed/process-group.js");
    const { tensor } = await load("torch/create.js");
    const store = Store.file(given.path, 2);
    const group = new ProcessGroup({ store, rank, size: 2, address: "127.0.0.1", timeoutMs: 20000 });
    const values = tensor([rank + 1]);
    group.allReduce([values]);
    group.barrier();
    group[Symbol.dispose]();
    store[Symbol.dispose]();
    report(values.toList());`,
    { given: { path: join(folder, "store") } },
  );
  rmSync(folder, { recursive: true });
  expect(reported).toEqual([[3], [3]]);
});

/** The sums of many channels are too long for the direct connections, and more than eight processes have none. */
test.each([
  [8, 2],
  [8, 3],
  [4100, 2],
  [8, 9],
])(
  "batch norm of %i channels over %i processes is that of the whole batch, on the network that is named",
  async (channels, ranks) => {
    const reported = await inRanks<number>(
      ranks,
      `
    const { Store } = await load("distributed/store.js");
    const { ProcessGroup } = await load("distributed/process-group.js");
    const { BatchNorm2d, synchronizeBatchNorm } = await load("nn/batch-norm.js");
    const { Rng } = await load("torch/random.js");
    process.env.GLOO_SOCKET_IFNAME = "lo";
    const store = Store.connect({ host: process.env.MASTER_ADDR, port: Number(process.env.MASTER_PORT) }, 20000);
    const address = "elsewhere.invalid"; // that of the interface counts
    const group = new ProcessGroup({ store: store.within("named"), rank, size: given.ranks, address, timeoutMs: 20000 });
    const images = new Rng(1, 2).normal([2 * given.ranks, given.channels, 2, 2]);
    const norms = [0, 1].map(() => new BatchNorm2d({ channels: given.channels }));
    synchronizeBatchNorm(norms[1], group.id);
    const whole = norms[0].forward(images).narrow(0, 2 * rank, 2);
    const pieces = norms[1].forward(images.narrow(0, 2 * rank, 2));
    group.barrier();
    group[Symbol.dispose]();
    report(whole.sub(pieces).abs().max().item());`,
      { given: { channels, ranks } },
    );
    for (const difference of reported) expect(difference).toBeLessThan(1e-5);
  },
);

test("batch norm counts the values of all processes: one a channel is refused, two are taken", async () => {
  const reported = await inRanks<string[]>(
    2,
    `
    const { BatchNorm2d, synchronizeBatchNorm } = await load("nn/batch-norm.js");
    const { Rng } = await load("torch/random.js");
    const norm = new BatchNorm2d({ channels: 2 });
    synchronizeBatchNorm(norm, world.group.id);
    const rng = new Rng(1, rank);
    const outcome = (images) => {
      try {
        norm.forward(rng.normal([images, 2, 1, 1]));
        return String(norm.runningVar.toArray().every((value) => Number.isFinite(value) && value > 0));
      } catch (error) {
        return error.message;
      }
    };
    report([[1, 1], [2, 0], [1, 0]].map((images) => outcome(images[rank])));`,
  );
  const refused = (images: number): RegExp =>
    new RegExp(`expected more than 1 value per channel when training .*, received \\[${images}, 2, 1, 1\\]`);
  for (const [rank, outcomes] of reported.entries()) {
    expect(outcomes.slice(0, 2)).toEqual(["true", "true"]);
    expect(outcomes[2]).toMatch(refused(1 - rank));
  }
});

test("a parameter that no process uses keeps having no gradient; one that one process uses gets its mean", async () => {
  const reported = await inRanks<(number[] | null)[]>(
    2,
    `
    const { GradientReducer } = await load("distributed/gradient-reducer.js");
    const { tensor } = await load("torch/create.js");
    const parameters = [1, 2, 3].map((value) => tensor([value]).setRequiresGrad());
    const [everywhere, here] = parameters;
    const reducer = new GradientReducer(world.group, parameters);
    const loss = rank === 0 ? everywhere.mul(4).add(here.mul(6)).sum() : everywhere.mul(2).sum();
    reducer.prepare([loss]);
    loss.backward();
    report(parameters.map(({ grad }) => grad?.toList() ?? null));
    reducer[Symbol.dispose]();`,
  );
  expect(reported).toEqual([
    [[3], [3], null],
    [[3], [3], null],
  ]);
});

/** What one process may be in when another is lost. */
const exchanges = {
  "a sum": "const exchange = () => world.sum([1]);",
  "batch norm over all": `
    const { BatchNorm2d, synchronizeBatchNorm } = await load("nn/batch-norm.js");
    const { ones } = await load("torch/create.js");
    const norm = new BatchNorm2d({ channels: 2 });
    synchronizeBatchNorm(norm, world.group.id);
    const exchange = () => norm.forward(ones([3, 2, 4, 4]));`,
};

/** What the first of two processes says when the second gets a signal instead of coming to an exchange. */
async function saidAfter(
  signal: "SIGKILL" | "SIGSTOP",
  exchange: string,
  timeoutMs: number,
): Promise<string> {
  const port = await freePort();
  const code = `
    ${exchange}
    if (rank === 1) process.kill(process.pid, ${JSON.stringify(signal)});
    try { exchange(); } catch (error) { report(String(await world.leave(error))); }`;
  const commands = [0, 1].map((rank) => ({
    args: ["--input-type=module", "-e", program(code, {}, timeoutMs)],
    env: placeOf(rank, 2, port),
  }));
  const { children, ended } = start(commands);
  children[0]!.once("close", () => children[1]!.kill("SIGKILL")); // one that was stopped has to end, too
  return (await ended)[0]!.stdout;
}

describe.each(Object.entries(exchanges))("one that is in %s", (_, exchange) => {
  test("names a process that was killed, long before the time is over", async () => {
    expect(await saidAfter("SIGKILL", exchange, 3_600_000)).toMatch(
      /PeerError: rank 1 ended without a word: killed/,
    );
  });

  test("gives up one that was stopped, after the time", async () => {
    expect(await saidAfter("SIGSTOP", exchange, 3000)).toMatch(
      /PeerError: rank 1 ended without a word: .*stopped/,
    );
  });
});

test("what one process failed of is what the others say", async () => {
  const reported = await inRanks<string>(
    2,
    `
    try {
      if (rank === 1) throw new Error("the disk is full");
      world.sum([1]);
    } catch (error) {
      report(String(await world.leave(error)));
    }`,
  );
  expect(reported).toEqual(["PeerError: rank 1 failed: the disk is full", "Error: the disk is full"]);
});
