// `longtail evaluate` of an untrained network: node longtail.mjs FOLDER THREADS.
import { setThreads } from "../../dist/torch/settings.js";
import { evaluateTrained } from "../../dist/inference/evaluate.js";
import { serve } from "../support/serve.mjs";
import { untrained } from "../support/untrained.mjs";

const [folder, threads] = process.argv.slice(2);
setThreads(Number(threads));
const trained = await untrained(folder);
trained.method.model.to({ memoryFormat: trained.description.recipe.memoryFormat }).eval();
await serve(async () => {
  const { perClass } = await evaluateTrained(trained);
  return perClass.map(({ accuracy, testImages }) => Math.round((accuracy * testImages) / 100));
});
