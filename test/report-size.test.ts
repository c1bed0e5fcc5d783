/** A report stays small: of a run on data of CIFAR-100's shape, with pictures that compress as badly as pictures can. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadRecipe } from "../src/recipes/load.js";
import { parseOverride } from "../src/recipes/overrides.js";
import { writeReport } from "../src/report/write-report.js";
import { Mulberry32 } from "./support/mulberry32.js";
import { writeSyntheticRun } from "./support/synthetic-run.js";

const CLASSES = 100;
const TEST_IMAGES = 10_000;

/** The binary version's test split (data/formats/cifar-binary.ts): two label bytes and noise. */
function writeTestSplit(folder: string): void {
  const random = new Mulberry32(1);
  const size = 2 + 3 * 32 * 32;
  const bytes = Buffer.from(Uint8Array.from({ length: TEST_IMAGES * size }, () => 256 * random.uniform()));
  for (let image = 0; image < TEST_IMAGES; image += 1) bytes[image * size + 1] = image % CLASSES;
  writeFileSync(join(folder, "test.bin"), bytes);
  const names = Array.from({ length: CLASSES }, (_, c) => `fine_class_number_${c}`);
  writeFileSync(join(folder, "fine_label_names.txt"), `${names.join("\n")}\n`);
}

test("the report of 100 classes and 400 epochs, with pictures of noise, has 3 MB at most", async () => {
  const folder = mkdtempSync(join(tmpdir(), "longtail-report-size-"));
  try {
    writeTestSplit(folder);
    const recipe = await loadRecipe("cifar100-lt-ncl", [parseOverride(`data.root=${folder}`)]);
    const counts = Array.from({ length: CLASSES }, (_, c) => Math.floor(500 * 0.01 ** (c / (CLASSES - 1))));
    await writeSyntheticRun(join(folder, "run"), { recipe, counts, stepsPerEpoch: 2 });
    const size = statSync(await writeReport(join(folder, "run"))).size;
    expect(size).toBeGreaterThan(250_000); // it has its pictures
    expect(size).toBeLessThanOrEqual(3_000_000);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
