/** What only a GPU can show: that it computes what the CPU does, recorded or not, on one stream or several. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Loader } from "../src/data/loader/loader.js";
import { packedDataset, plainOptions } from "../src/data/testing.fixture.js";
import type { ResolvedRecipe } from "../src/recipes/schema.js";
import { hasCudaLibrary } from "../src/torch/cuda.js";
import { scope } from "../src/torch/scope.js";
import { availableDevices } from "../src/torch/devices.js";
import type { TrainingEvent } from "../src/runs/events.js";
import { toyFolder } from "../src/training/toy-folder.fixture.js";
import { toyRecipe } from "../src/training/toy.fixture.js";
import { trainToy } from "../src/training/train-toy.fixture.js";

const [, gpu = "none"] = availableDevices();
const at = toyFolder("test");

/** Enough steps for a recording and replays; the 6th batch of an epoch is smaller. */
const recipe = (changes: Partial<ResolvedRecipe> = {}): ResolvedRecipe =>
  toyRecipe(at("data"), { epochs: 3, ...changes });

const lossesOf = (events: readonly TrainingEvent[]): number[] =>
  events.flatMap((event) => (event.type === "step" ? [event.loss] : []));

/** The step where two runs differ most, relative to the first one. */
function distance(losses: readonly number[], expected: readonly number[]): number {
  expect(losses).toHaveLength(expected.length);
  return Math.max(...expected.map((loss, step) => Math.abs(losses[step]! - loss) / loss));
}

async function lossesOn(device: string, settings: ResolvedRecipe, out: string): Promise<number[]> {
  const { events } = await trainToy(settings, at(out), { device });
  const warnings = events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
  const notRecorded = warnings.filter((message) => message.includes("CUDA graph"));
  const mayRecord = hasCudaLibrary() && process.env["LONGTAIL_CUDA_GRAPHS"] !== "off";
  expect(notRecorded).toHaveLength(device === "cpu" || mayRecord ? 0 : 1);
  return lossesOf(events);
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe.skipIf(gpu === "none")("on a GPU", () => {
  test("batches are the CPU's, augmented by the device", () => {
    const dataset = packedDataset(40, 32, (image, byte) => 1 + ((image * 37 + byte * 11) % 255));
    const transforms = [
      { kind: "random-crop", size: 32, padding: 4 },
      { kind: "horizontal-flip", p: 0.5 },
      { kind: "cutout", size: 16, holes: 1 },
    ] as const;
    const batchesOn = (device: string): number[] => {
      using loader = new Loader({ ...plainOptions(dataset, 32), transforms, device });
      using _ = scope();
      return [...loader.epoch(0)].flatMap(({ images, labels }) => [
        ...images.to({ device: "cpu" }).contiguous().toList(),
        ...labels.toList(),
      ]);
    };
    const expected = batchesOn("cpu");
    batchesOn(gpu).forEach((value, i) => {
      if (Math.abs(value - expected[i]!) > 1e-6) expect(value, `value ${i}`).toBe(expected[i]);
    });
  });

  test.each(["off", "on"])("a training is the CPU's to rounding, with CUDA graphs %s", async (graphs) => {
    vi.stubEnv("LONGTAIL_CUDA_GRAPHS", graphs);
    const onGpu = await lossesOn(gpu, recipe(), "gpu");
    expect(distance(onGpu, await lossesOn("cpu", recipe(), "cpu"))).toBeLessThan(0.05);
  });

  test.each(["float32", "bfloat16", "float16"] as const)(
    "a recorded step is the one operator by operator, in %s, and so is one of experts on parallel streams",
    async (precision) => {
      vi.stubEnv("LONGTAIL_CUDA_GRAPHS", "off");
      const plain = await lossesOn(gpu, recipe({ precision }), "plain");
      vi.stubEnv("LONGTAIL_EXPERT_STREAMS", "on");
      expect(distance(await lossesOn(gpu, recipe({ precision }), "streams"), plain)).toBeLessThan(1e-3);
      vi.stubEnv("LONGTAIL_CUDA_GRAPHS", "on");
      expect(distance(await lossesOn(gpu, recipe({ precision }), "both"), plain)).toBeLessThan(1e-3);
      vi.stubEnv("LONGTAIL_EXPERT_STREAMS", "off");
      expect(distance(await lossesOn(gpu, recipe({ precision }), "graph"), plain)).toBeLessThan(1e-3);
    },
  );

  test("interrupted and resumed, a training ends as one that never was", async () => {
    const controller = new AbortController();
    const stop = (event: TrainingEvent): void => {
      if (event.type === "step" && event.epoch === 2 && event.step === 2) controller.abort();
    };
    const last = (run: string): Buffer => readFileSync(join(at(run), "checkpoints/last.safetensors"));
    await trainToy(recipe(), at("whole"), { device: gpu });
    await trainToy(recipe(), at("parts"), { device: gpu, signal: controller.signal, listeners: [stop] });
    await trainToy(recipe(), at("parts"), { device: gpu, resume: true });
    expect(last("parts").equals(last("whole"))).toBe(true);
  });
});
