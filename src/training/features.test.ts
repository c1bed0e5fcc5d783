/** Training on the features of a frozen backbone, computed once, against training on the images themselves. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { CacheEvent, StepEvent, TrainingEvent } from "../runs/events.js";
import { prepare } from "./prepare.js";
import { frozenFolder } from "./frozen.fixture.js";
import { toyRecipe } from "./toy.fixture.js";
import { trainToy } from "./train-toy.fixture.js";

const at = frozenFolder();

/** A recipe whose images become features; `train: flips` are the same images by way of a transform that might differ. */
function recipe(changes: Partial<ResolvedRecipe> = {}): ResolvedRecipe {
  const base = toyRecipe(at("data"));
  return {
    ...base,
    data: { ...base.data, train: [] },
    pretrained: {
      weights: null,
      file: at("weights/resnet8.safetensors"),
      load: "backbone",
      key: null,
    },
    freezeBackbone: true,
    freezeBatchNorm: true,
    ...changes,
  };
}
const flips = [{ kind: "horizontal-flip", p: 0 }] as const;

const ofType = <T extends TrainingEvent>(events: readonly TrainingEvent[], type: T["type"]): T[] =>
  events.filter((event): event is T => event.type === type);
const computed = (events: readonly TrainingEvent[]): CacheEvent[] => ofType<CacheEvent>(events, "cache");

test.each(["ncl", "balanced-softmax"] as const)(
  "%s on features computes what it does on the images",
  async (kind) => {
    const base = recipe();
    const method =
      kind === "ncl"
        ? base.method
        : ({ kind, experts: 1, sharedStages: 0, tau: 1 } as ResolvedRecipe["method"]);
    const onFeatures = await trainToy({ ...base, method }, at("features"));
    const data = { ...base.data, train: [...flips] };
    const onImages = await trainToy({ ...base, method, data }, at("images"));
    expect(computed(onFeatures.events).length).toBeGreaterThan(0);
    expect(computed(onImages.events)).toEqual([]);
    const [losses, expected] = [onFeatures, onImages].map(({ events }) =>
      ofType<StepEvent>(events, "step").map(({ loss }) => loss),
    );
    expect(losses!.length).toBe(12);
    losses!.forEach((loss, i) => expect(loss).toBeCloseTo(expected![i]!, 3));
    const [found, wanted] = [onFeatures, onImages].map(({ result }) => result.evaluation!.ensemble);
    expect(found).toEqual(wanted);
  },
);

test("an image is computed once: a second training finds all of them", async () => {
  const first = await trainToy(recipe(), at("one"));
  expect(computed(first.events).map(({ split, images }) => [split, images])).toEqual([
    ["train", 32],
    ["train", 41],
    ["train", 42],
    ["test", 12], // equal to training images, and so known
  ]);
  const second = await trainToy(recipe({ seed: 3 }), at("two"));
  expect(computed(second.events).map(({ split, images }) => [split, images])).toEqual([
    ["train", 42],
    ["test", 12],
  ]);
  expect(
    readdirSync(join(at("cache"), "longtail/features")).filter((name) => !name.endsWith(".lock")),
  ).toHaveLength(1);
});

test("an interrupted computation goes on where it stopped, and gives the same features", async () => {
  const interruption = new AbortController();
  const report = (): void => {
    interruption.abort(new Error("stop"));
  };
  await expect(prepare(recipe(), "cpu", { report, signal: interruption.signal })).rejects.toThrow("stop");
  const resumed = await trainToy(recipe(), at("resumed"));
  expect(computed(resumed.events)[0]).toMatchObject({ split: "train", images: 41 });
  vi.stubEnv("XDG_CACHE_HOME", at("other-cache"));
  const whole = await trainToy(recipe(), at("whole"));
  const losses = [resumed, whole].map(({ events }) =>
    ofType<StepEvent>(events, "step").map(({ loss }) => loss),
  );
  expect(losses[0]).toEqual(losses[1]);
});

test("held-out images and a resumed run go on with features", async () => {
  const held = recipe({ selection: { kind: "held-out", fraction: 0.2, seed: 0, patience: null }, epochs: 3 });
  const interruption = new AbortController();
  const stopAfterFirst = (event: { readonly type: string }): void => {
    if (event.type === "epoch") interruption.abort();
  };
  const options = { listeners: [stopAfterFirst], signal: interruption.signal };
  const { result } = await trainToy(held, at("run"), options);
  expect(result.reason).toBe("interrupted");
  const resumed = await trainToy(held, at("run"), { resume: true });
  const whole = await trainToy(held, at("whole"));
  expect(resumed.result.evaluation).toEqual(whole.result.evaluation);
});

test.each([
  [
    "transforms that draw random numbers",
    { data: { train: [{ kind: "random-crop", size: 16, padding: 1 }] } },
  ],
  ["batch norm that follows the batches", { freezeBatchNorm: false }],
  ["a backbone that is trained", { freezeBackbone: false }],
  [
    "mixed images",
    {
      data: { mix: { kind: "mixup", alpha: 1, p: 1 } },
      method: { kind: "cross-entropy", experts: 1, sharedStages: 0, labelSmoothing: 0 },
    },
  ],
])(
  "%s: a step sees the images",
  async (_what, { data = {}, ...changes }: Record<string, object | boolean>) => {
    const base = recipe();
    const changed = { ...base, ...changes, data: { ...base.data, ...(data as object) } };
    const { events } = await trainToy({ ...changed, epochs: 1 }, at("run"));
    expect(computed(events)).toEqual([]);
  },
);
