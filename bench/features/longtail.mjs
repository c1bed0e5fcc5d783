// One end of bench/features.mjs: for each line "N" computes the features of all images of a folder N times, cached nowhere, with
// one thread each for images and for the network.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { loadRecipe } from "../../dist/index.js";
import { userCacheFolder } from "../../dist/support/paths.js";
import { setThreads } from "../../dist/torch/settings.js";
import { openFeatureSets } from "../../dist/training/train-on-features.js";

const [photos] = process.argv.slice(2);
setThreads(1);
const set = { "data.workers": 1, "data.testSplit.fraction": 0.01 };
const recipe = await loadRecipe("caltech20-lt-pretrained", { data: photos, set });

for await (const line of createInterface({ input: process.stdin })) {
  const [started, before] = [performance.now(), process.cpuUsage()];
  let sum = 0;
  for (let unit = 0; unit < Number(line); unit++) {
    rmSync(join(userCacheFolder(), "features"), { recursive: true, force: true });
    const { train, test } = await openFeatureSets(recipe, {});
    for (const { features } of [train, test]) for (const value of features) sum += value;
    sum /= train.features.length + test.features.length;
  }
  const { user, system } = process.cpuUsage(before);
  console.log(
    JSON.stringify({
      seconds: (performance.now() - started) / 1000,
      cpuSeconds: (user + system) / 1e6,
      check: sum.toFixed(5),
    }),
  );
}
