/** longtail as a library, as people import it: the built package, from JavaScript and from TypeScript. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { smallPhotographs } from "../src/cli/cli.fixture.js";

const project = join(import.meta.dirname, "..");
let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "longtail-api-"));
  mkdirSync(join(folder, "node_modules/@types"), { recursive: true });
  symlinkSync(project, join(folder, "node_modules/longtail"));
  symlinkSync(join(project, "node_modules/@types/node"), join(folder, "node_modules/@types/node"));
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test("a program trains and hears every event", () => {
  const data = smallPhotographs();
  writeFileSync(
    join(folder, "train.js"),
    `import { train, UsageError } from "longtail";
     import { defineRecipe } from "longtail/recipes";

     const recipe = defineRecipe({
       name: "mine",
       epochs: 1,
       data: { kind: "image-folder", imageSize: 16, batch: 8,
               train: [{ kind: "resize", size: 16 }, { kind: "center-crop", size: 16 }],
               test: [{ kind: "resize", size: 16 }, { kind: "center-crop", size: 16 }] },
       backbone: "resnet8",
       method: { kind: "ncl", experts: 2, sharedStages: 0, hardCategories: 2 },
       optimizer: { kind: "sgd", lr: 0.05 },
       schedule: { kind: "constant" },
       logs: { everySteps: 1 },
     });
     const heard = {};
     const { reason, evaluation, folder } = await train(recipe, {
       data: ${JSON.stringify(data)},
       out: "run",
       threads: 1,
       listeners: [({ type }) => { heard[type] = (heard[type] ?? 0) + 1; }],
     });
     const fault = await train({ ...recipe, epochs: 0 }, { data: ".", out: "none" }).catch((error) => error);
     console.log(JSON.stringify({ heard, reason, images: evaluation.images, result: folder.result,
                                  fault: [fault instanceof UsageError, fault.message] }));`,
  );
  onTestFinished(() => rmSync(data, { recursive: true }));
  const printed = execFileSync(process.execPath, ["train.js"], { cwd: folder, encoding: "utf8" });
  const { heard, reason, images, result, fault } = JSON.parse(printed) as Record<string, unknown>;
  expect(heard).toMatchObject({ run: 1, images: 1, "epoch-start": 1, epoch: 1, end: 1 });
  expect(reason).toBe("finished");
  expect(images).toBeGreaterThan(0);
  expect(existsSync(String(result))).toBe(true);
  expect(fault).toEqual([true, "epochs: expected a whole number > 0, found 0 (the recipe that was given)"]);
});

test("its types say what each event has", () => {
  writeFileSync(
    join(folder, "listen.ts"),
    `import { train } from "longtail";
     import type { Listener, TrainingEvent, TrainResult } from "longtail";

     export const losses: number[] = [];
     const listen: Listener = (event: TrainingEvent): void => {
       if (event.type === "step") losses.push(event.loss);
       // @ts-expect-error a warning has no loss
       if (event.type === "warning") losses.push(event.loss);
     };
     export const run: Promise<TrainResult> = train("cifar100-lt-ncl", { data: "d", out: "o", listeners: [listen] });
     // @ts-expect-error a run needs a folder
     export const none = train("cifar100-lt-ncl", { data: "d" });
    `,
  );
  const options = { module: "NodeNext", target: "ES2022", strict: true, noEmit: true, types: ["node"] };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: options, files: ["listen.ts"] }),
  );
  const tsc = join(project, "node_modules/typescript/bin/tsc");
  expect(execFileSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" })).toBe("");
});
