/**
 * Trains a small network on the embedded photographs, loads it, and predicts a photograph that is in memory:
 *
 *     node examples/library/train-and-predict.js [DATA [OUT]]
 */
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { consoleListener, defineRecipe, load, train } from "longtail";

const photographs = fileURLToPath(new URL("../caltech20-lt", import.meta.url));
const [data = photographs, out = "runs/library-example"] = process.argv.slice(2);

const recipe = defineRecipe({
  name: "library-example",
  epochs: 3,
  data: {
    kind: "image-folder",
    imageSize: 32,
    batch: 16,
    train: [{ kind: "resize-exact", height: 32, width: 32 }, { kind: "horizontal-flip" }],
    test: [{ kind: "resize-exact", height: 32, width: 32 }],
  },
  backbone: "resnet8",
  method: { kind: "ncl", experts: 2, hardCategories: 2 },
  optimizer: { kind: "sgd", lr: 0.05 },
  schedule: { kind: "constant" },
  selection: { kind: "last" },
});
const { folder, evaluation } = await train(recipe, { data, out, listeners: [consoleListener(process.stderr)] });
console.log(`accuracy: ${evaluation.ensemble.all.toFixed(1)} %`);

const model = await load(folder.path);
const [name] = model.classes;
const [file] = await readdir(join(data, "test", name));
const photograph = await readFile(join(data, "test", name, file)); // or what a user has sent
const { predictions } = await model.predict(photograph, { top: 3 });
console.log(`a photograph of ${name}:`);
for (const { class: found, probability } of predictions) console.log(`  ${found}: ${probability.toFixed(3)}`);
model[Symbol.dispose](); // in TypeScript: using model = await load(…)
