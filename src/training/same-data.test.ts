/** A run resumes on the images that it began with, or says which ones are others. */
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { datasetCard } from "../data/card.js";
import { contentByClass } from "../data/content.js";
import type { Dataset } from "../data/dataset.js";
import { openDataset } from "../data/registry.js";
import { dataSpec, png, temporaryFolder, writeFiles } from "../data/testing.fixture.js";
import { toyRecipe } from "./toy.fixture.js";
import { compareData } from "./open-run.js";

const image = (seed: number): Uint8Array =>
  png(8, 8, { value: (y, x, channel) => (seed * 31 + y * 8 + x * 3 + channel) % 256 });

async function splits(root: string): Promise<{ train: Dataset; test: Dataset }> {
  const spec = dataSpec("image-folder", root);
  return { train: await openDataset(spec, "train"), test: await openDataset(spec, "test") };
}

let root: string;
let run: string;
beforeEach(async (context) => {
  const folder = temporaryFolder();
  context.onTestFinished(() => folder[Symbol.dispose]());
  root = join(folder.path, "data");
  run = join(folder.path, "run");
  for (const [c, name] of ["ant", "bee"].entries())
    for (let i = 0; i < 3; i++)
      writeFiles(root, {
        [`train/${name}/${i}.png`]: image(10 * c + i),
        [`test/${name}/${i}.png`]: image(40 + 10 * c + i),
      });
  const { train, test } = await splits(root);
  const card = async (dataset: Dataset) => ({
    ...datasetCard(dataset, "field"),
    content: await contentByClass(dataset),
  });
  mkdirSync(run);
  writeFileSync(
    join(run, "recipe.json"),
    JSON.stringify({ recipe: toyRecipe(root), data: { train: await card(train), test: await card(test) } }),
  );
});

const complaint = async (options = {}): Promise<string> => {
  try {
    return (await compareData(run, await splits(root), options)).join("; ");
  } catch (error) {
    return (error as Error).message.replaceAll(root, "DATA").replaceAll(run, "RUN");
  }
};

describe("the images of a run that is resumed", () => {
  it("are the same, also under another path", async () => {
    expect(await complaint()).toBe("");
    cpSync(root, `${root}-moved`, { recursive: true });
    root = `${root}-moved`;
    expect(await complaint()).toBe("");
  });

  it("an image less, or more", async () => {
    rmSync(join(root, "train/bee/0.png"));
    expect(await complaint()).toBe(
      'RUN: the training images are not those that the run began with: 5 images, 6 then; first: class "bee" has 2, 3 then. ' +
        "Restore the images in DATA, or begin a new run, or resume with --changed-data.",
    );
    expect(await complaint({ changedData: true })).toContain('class "bee" has 2, 3 then');
  });

  it("classes that were exchanged, renamed or added", async () => {
    for (const [from, to] of [
      ["ant", "x"],
      ["bee", "ant"],
      ["x", "bee"],
    ] as const)
      renameSync(join(root, "train", from), join(root, "train", to));
    expect(await complaint()).toContain(
      'the training images are not those that the run began with: other content in class "ant"',
    );
    for (const split of ["train", "test"]) renameSync(join(root, split, "ant"), join(root, split, "wasp"));
    expect(await complaint()).toContain('class "ant" is gone and class "wasp" is new');
    writeFiles(root, { "train/cat/1.png": image(1) });
    expect(await complaint({ changedData: true })).toMatch(/3 classes, 2 then|is gone and/);
  });

  it("other pixels under the same names, in training and in test images; names that changed", async () => {
    writeFiles(root, { "test/bee/1.png": image(99) });
    expect(await complaint()).toContain(
      'the test images are not those that the run began with: other content in class "bee"',
    );
    writeFiles(root, { "test/bee/1.png": image(51) });
    expect(await complaint()).toBe("");
    renameSync(join(root, "train/ant/2.png"), join(root, "train/ant/3.png"));
    expect(await complaint()).toContain("other names or another order of files");
  });
});
