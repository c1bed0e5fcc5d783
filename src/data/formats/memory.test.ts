import { describe, expect, it } from "vitest";
import { memoryDataset, type MemoryOptions } from "./memory.js";
/** Two images of 1 x 2 pixels. */
const options: MemoryOptions = {
  images: Uint8Array.of(1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16),
  height: 1,
  width: 2,
  layout: "NHWC",
  labels: [1, 0],
  classes: ["ant", "bee"],
  split: "train",
};

describe("images in memory", () => {
  it("are a dataset of planes, whatever their order", () => {
    const dataset = memoryDataset(options);
    expect(dataset).toMatchObject({ kind: "memory", size: 2, labels: Int32Array.of(1, 0) });
    const bytes = ({ pixels }: typeof dataset): number[] =>
      pixels.kind === "packed" ? [...pixels.bytes] : [];
    const planes = [1, 4, 2, 5, 3, 6, 11, 14, 12, 15, 13, 16];
    expect(bytes(dataset)).toEqual(planes);
    expect(bytes(memoryDataset({ ...options, images: Uint8Array.from(planes), layout: "NCHW" }))).toEqual(
      planes,
    );
  });

  it("must fit each other", () => {
    const fault = (changes: Partial<MemoryOptions>) => () => memoryDataset({ ...options, ...changes });
    expect(fault({ labels: [1] })).toThrowErrorMatchingInlineSnapshot(
      `[DataError: memoryDataset: expected an image of 1 x 2 x 3 bytes for each of 1 labels, found 12 bytes.]`,
    );
    expect(fault({ labels: [], images: Uint8Array.of() })).toThrow("expected an image of 1 x 2 x 3 bytes");
    expect(fault({ labels: [1, 2] })).toThrowErrorMatchingInlineSnapshot(
      `[DataError: memoryDataset, image 1: expected a label below 2, found 2.]`,
    );
    expect(fault({ labels: [1, -1] })).toThrow("image 1: expected a label below 2, found -1");
    expect(fault({ labels: [0.5, 0] })).toThrow("image 0: expected a label below 2, found 0.5");
  });
});
