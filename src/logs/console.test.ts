import { expect, test } from "vitest";
import { consoleListener } from "./console.js";
import type { TextStream } from "../support/terminal.js";
import type { TrainingEvent } from "../runs/events.js";

const time = "2026-01-01T00:00:00.000Z";
const run: TrainingEvent = {
  type: "run",
  time,
  name: "toy",
  folder: "runs/toy",
  seed: 0,
  device: "cpu",
  threads: 2,
  classes: 3,
  trainImages: 255,
  testImages: 30,
  imbalance: 40,
  parameters: 1_234_567,
  epochs: 2,
  from: null,
  stepsPerEpoch: 4,
};
const step = (number: number): TrainingEvent => ({
  type: "step",
  time,
  epoch: 1,
  step: number,
  loss: 2.34567,
  terms: {},
  accuracy: 12.5,
  lr: 0.0133333,
  imagesPerSecond: 712.4,
  gradNorm: null,
});
const scores = {
  ...{ all: 40, many: 60, medium: null, few: 10 },
  ...{ balanced: 35, harmonicMean: 20, worstClass: 10, macroF1: 33, top5: 100 },
};
const rest: TrainingEvent[] = [
  {
    type: "epoch",
    time,
    epoch: 1,
    loss: 2.1,
    terms: {},
    accuracy: 20,
    lr: 0.02,
    seconds: 4,
    imagesPerSecond: 64,
  },
  { type: "checkpoint", time, path: "runs/toy/checkpoints/last.safetensors", epoch: 1, step: 0 },
  {
    type: "evaluation",
    split: "test",
    time,
    epoch: 1,
    seconds: 0.5,
    ensemble: scores,
    experts: [scores],
    perClass: [],
    loss: 1.9,
    images: 30,
    groups: "field",
  },
  { type: "warning", time, message: "slow disk" },
  { type: "end", time, reason: "finished", message: null, seconds: 9, peakMemory: 512_000_000 },
];

/** Shows events, each `interval` milliseconds after the one before. */
function shown(
  events: readonly TrainingEvent[],
  interval: number,
  { quiet = false, ...stream }: Partial<TextStream> & { readonly quiet?: boolean } = {},
): string[] {
  const written: string[] = [];
  let clock = 0;
  const listen = consoleListener(
    { ...stream, write: (text) => written.push(text) },
    { now: () => (clock += interval), quiet },
  );
  for (const event of events) listen(event);
  return written;
}

test("without a terminal: a line every ten seconds, one an epoch, then the table", () => {
  const text = shown([run, step(1), step(2), step(3), step(4), ...rest], 6000).join("");
  expect(text).toMatchInlineSnapshot(`
    "toy, seed 0: 255 training and 30 test images, 3 classes, imbalance 40
    1.23 million parameters on cpu, 2 threads; results in runs/toy
    epoch 1/2, step 2/4  loss 2.346  acc 12.5 %  lr 0.0133  712 img/s  36.0 s left
    epoch 1/2  loss 2.100  acc 20.0 %  lr 0.02  64 images/s  4.0 s
      test: all 40.0 %  many 60.0  medium -  few 10.0  loss 1.900  0.5 s
    warning: slow disk

    accuracy, %   all  many  medium   few
    model        40.0  60.0       -  10.0

    finished in 9.0 s, peak memory 512.0 MB; see runs/toy
    "
  `);
});

test("images that are cached are counted, at the end always", () => {
  const cached = (images: number): TrainingEvent => ({
    ...{ type: "cache", time, split: "train", total: 300 },
    ...{ images, bytes: images * 196_608 },
  });
  const events = [cached(100), cached(200), cached(300), run];
  expect(shown(events, 6000).join("")).toMatchInlineSnapshot(`
    "200 of 300 train images cached, 39.3 MB
    300 of 300 train images cached, 59.0 MB
    toy, seed 0: 255 training and 30 test images, 3 classes, imbalance 40
    1.23 million parameters on cpu, 2 threads; results in runs/toy
    "
  `);
  expect(shown(events, 60, { isTTY: true }).map((text) => JSON.stringify(text))).toMatchInlineSnapshot(`
    [
      ""\\r\\u001b[2K200 of 300 train images cached, 39.3 MB"",
      ""\\r\\u001b[2K300 of 300 train images cached, 59.0 MB\\n"",
      ""\\r\\u001b[2Ktoy, seed 0: 255 training and 30 test images, 3 classes, imbalance 40\\n1.23 million parameters on cpu, 2 threads; results in runs/toy\\n"",
    ]
  `);
});

test("on a terminal: a bar, redrawn at most ten times a second and never wider than the window", () => {
  const columns = 80;
  const slow = shown([run, step(1), step(2)], 200, { isTTY: true, columns });
  expect(slow.slice(1).map((text) => JSON.stringify(text))).toMatchInlineSnapshot(`
    [
      ""\\r\\u001b[2K[###--------] 1/2 1/4  loss 2.346  acc 12.5 %  lr 0.0133  712 img/s  1.4 s left"",
      ""\\r\\u001b[2K[######-----] 1/2 2/4  loss 2.346  acc 12.5 %  lr 0.0133  712 img/s  1.2 s left"",
    ]
  `);
  const fast = shown([run, ...Array.from({ length: 20 }, () => step(1))], 10, { isTTY: true, columns });
  expect(fast).toHaveLength(1 + 2);
  const [, narrow] = shown([run, step(1)], 200, { isTTY: true, columns: 40 });
  expect(JSON.stringify(narrow)).toMatchInlineSnapshot(
    `""\\r\\u001b[2K1/2 1/4  loss 2.346  acc 12.5 %  lr 0.0""`,
  );
});

test("an interrupted and a failed run say so", () => {
  const end = { type: "end", time, message: null, seconds: 9, peakMemory: 5e8 } as const;
  const interrupted = shown([run, { ...end, reason: "interrupted" }], 1).at(-1);
  const failed = shown([run, { ...end, reason: "failed" }], 1).at(-1);
  expect([interrupted, failed]).toMatchInlineSnapshot(`
    [
      "interrupted after 9.0 s, peak memory 500.0 MB; see runs/toy
    ",
      "failed after 9.0 s, peak memory 500.0 MB
    ",
    ]
  `);
});

test("a phase is announced where it begins", () => {
  const start = (epoch: number, phase: string): TrainingEvent => ({
    type: "epoch-start",
    time,
    epoch,
    phase,
    lr: 0.1,
  });
  const lines = shown([start(1, "representation"), start(2, "representation"), start(3, "classifier")], 0);
  expect(lines).toEqual(["phase representation\n", "phase classifier\n"]);
});

test("quiet: warnings and the result alone", () => {
  expect(shown([run, step(1), step(2), ...rest], 20_000, { quiet: true }).join("")).toMatchInlineSnapshot(`
    "warning: slow disk

    accuracy, %   all  many  medium   few
    model        40.0  60.0       -  10.0

    finished in 9.0 s, peak memory 512.0 MB; see runs/toy
    "
  `);
});
