/** What processes that train together do each on its own, and what they do together. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { toyFolder } from "../../src/training/toy-folder.fixture.js";
import { toyRecipe } from "../../src/training/toy.fixture.js";
import { inRanks } from "../support/ranks.js";

const at = toyFolder("file");
const { evaluation } = toyRecipe("unused");

test("each process drops other features, and a checkpoint's random states come back to each", async () => {
  const reported = await inRanks<Record<"first" | "next" | "again", number[]>>(
    2,
    `
    const { applySettings, prepare } = await load("training/prepare.js");
    const { randomStates } = await load("training/distributed/random-states.js");
    const { shareStart } = await load("training/distributed/share-state.js");
    const { Dropout } = await load("nn/dropout.js");
    const { ones } = await load("torch/create.js");
    const dropout = new Dropout({ p: 0.5 });
    const draw = () => dropout.forward(ones([64])).toList();
    applySettings(given.recipe, { device: "cpu", peers: world });
    const training = await prepare(given.recipe, "cpu", { peers: world });
    const first = draw();
    const states = randomStates(training);
    const next = draw();
    await shareStart(training, () => ({ progress: null, warnings: [], randomStates: states }));
    report({ first, next, again: draw() });
    training[Symbol.dispose]();`,
    { given: { recipe: toyRecipe(at("data")) } },
  );
  for (const { first, next, again } of reported) {
    expect(next).not.toEqual(first);
    expect(again).toEqual(next);
  }
  expect(reported[1]!.first).not.toEqual(reported[0]!.first);
  expect(reported[1]!.next).not.toEqual(reported[0]!.next);
});

/** Linux counts what a process writes, to sockets as well. */
test.skipIf(!existsSync("/proc/self/io"))(
  "a step reduces its gradients once, into however many parts its batch is cut",
  async () => {
    const [reported] = await inRanks<{ sent: Record<number, number>; numbers: number }>(
      2,
      `
      const { readFileSync } = await import("node:fs");
      const { prepare } = await load("training/prepare.js");
      const { trainStep } = await load("training/step.js");
      const { scope } = await load("torch/scope.js");
      const written = () => Number(/^wchar: (\\d+)/m.exec(readFileSync("/proc/self/io", "utf8"))[1]);
      const training = await prepare(given.recipe, "cpu", { peers: world });
      const batches = training.loaders.train.epoch(0);
      const sentBy = (accumulate) => {
        const opened = scope();
        const { value: batch } = batches.next();
        const before = written();
        trainStep(batch, { ...training.trainee, peers: world, precision: "float32", accumulate });
        opened[Symbol.dispose]();
        return written() - before;
      };
      sentBy(1);
      const sent = Object.fromEntries([1, 2, 4].map((accumulate) => [accumulate, sentBy(accumulate)]));
      const numbers = training.trainee.method.model.parameters().reduce((sum, { size }) => sum + size, 0);
      report({ sent, numbers });
      batches.return();
      training[Symbol.dispose]();`,
      { given: { recipe: toyRecipe(at("data"), { syncBatchNorm: false }) } },
    );
    const gradients = 4 * reported!.numbers; // bytes, of each of two processes by the ring
    for (const bytes of Object.values(reported!.sent)) {
      expect(bytes).toBeGreaterThan(gradients);
      expect(bytes).toBeLessThan(1.1 * gradients);
    }
  },
);

describe("evaluation of 11 images in batches of 5 is split and comes together as one process's", () => {
  test.each([2, 3])("%i processes", async (ranks) => {
    rmSync(join(at("data"), "test/cat/0.png"), { force: true });
    const data = { ...toyRecipe(at("data")).data, batch: 6 };
    const reported = await inRanks<Record<"alone" | "together", Answers>>(
      ranks,
      `
      const { ALONE } = await load("distributed/peers.js");
      const { prepare } = await load("training/prepare.js");
      const { runMeters } = await load("training/evaluate.js");
      const answers = async (peers) => {
        const training = await prepare(given.recipe, "cpu", { peers });
        const all = { images: [], labels: [], classes: [], logits: [] };
        const add = ({ indices, labels, logits }) => {
          all.images.push(...indices);
          all.labels.push(...labels.toList());
          all.classes.push(...logits[1].argmax({ dim: 1 }).toList());
          all.logits.push(...logits[1].toList());
        };
        await runMeters({ method: training.trainee.method, loader: training.loaders.test, peers, meters: [{ add }] });
        training[Symbol.dispose]();
        return all;
      };
      report({ alone: await answers(ALONE), together: await answers(world) });`,
      { given: { recipe: toyRecipe(at("data"), { data, evaluation: { ...evaluation, batch: 5 } }) } },
    );
    for (const { alone, together } of reported) {
      expect(together.images).toEqual(Array.from({ length: 11 }, (_, i) => i));
      const { logits, ...exact } = alone;
      expect(together).toMatchObject(exact);
      expect(together.logits).toHaveLength(3 * 11);
      // Processes compute batches of other sizes, whose sums round otherwise.
      together.logits.forEach((logit, i) => {
        expect(logit).toBeCloseTo(logits[i]!, 5);
      });
    }
  });
});

interface Answers {
  readonly images: number[];
  readonly labels: number[];
  readonly classes: number[];
  readonly logits: number[];
}
