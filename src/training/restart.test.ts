/** A checkpoint evaluates to the same numbers, bit for bit, in another process. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder, toyRecipe, writeToyData } from "./toy.fixture.js";
import { trainToy } from "./train-toy.fixture.js";

test("a checkpoint evaluates to the same numbers after a restart", async () => {
  using temporary = temporaryFolder();
  const root = join(temporary.path, "data");
  const out = join(temporary.path, "run");
  writeToyData(root);
  const { result } = await trainToy(toyRecipe(root), out);

  const script = join(temporary.path, "evaluate.ts");
  writeFileSync(
    script,
    `import { evaluateTrained } from ${JSON.stringify(join(import.meta.dirname, "../inference/evaluate.ts"))};
     import { loadTrained } from ${JSON.stringify(join(import.meta.dirname, "trained.ts"))};
     import { setThreads } from ${JSON.stringify(join(import.meta.dirname, "../torch/settings.ts"))};
     setThreads(1);
     const trained = loadTrained(${JSON.stringify(out)});
     console.log(JSON.stringify(await evaluateTrained(trained)));`,
  );
  const project = join(import.meta.dirname, "../..");
  const viteNode = join(project, "node_modules/vite-node/vite-node.mjs");
  const printed = execFileSync(
    process.execPath,
    [viteNode, "--config", join(project, "vitest.config.ts"), script],
    { encoding: "utf8" },
  );
  expect(JSON.parse(printed)).toEqual(result.evaluation);
});
