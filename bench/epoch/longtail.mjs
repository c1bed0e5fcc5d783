// Epochs of `longtail train`, its logs and checkpoints included: node longtail.mjs FOLDER THREADS. The training waits before
// each epoch until it is this competitor's turn.
import { Buffer } from "node:buffer";
import { readSync } from "node:fs";
import { join } from "node:path";
import { train } from "../../dist/index.js";
import { begin } from "../support/serve.mjs";
import { recipeFor } from "../support/untrained.mjs";

const [folder, threads] = process.argv.slice(2);
const EPOCHS = 400;
const recipe = await recipeFor(folder);
let left = 0; // epochs of this turn
let answer = null;
let loss = null;

/** Epochs to train; waits for the line, and blocks: nothing else is to happen. */
function nextTurn() {
  const byte = Buffer.alloc(1);
  let line = "";
  while (!line.endsWith("\n")) {
    if (readSync(0, byte) === 0) process.exit(0);
    line += byte.toString();
  }
  return Number(line);
}

function listen(event) {
  if (event.type === "epoch") ({ loss } = event);
  if (event.type !== "epoch-start") return;
  while (left === 0) {
    answer?.({ loss });
    left = nextTurn();
    answer = begin();
  }
  left -= 1;
}

await train(
  { ...recipe, epochs: EPOCHS, evaluation: { ...recipe.evaluation, every: EPOCHS } },
  { data: folder, out: join(folder, "run"), threads: Number(threads), listeners: [listen] },
);
