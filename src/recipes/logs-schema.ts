import { z } from "zod";
import { count } from "./numbers.js";

/** What a run writes down besides metrics.jsonl and train.log. It changes nothing in what is learned. */
export const Logs = z.strictObject({
  tensorboard: z.boolean().default(true).describe("event files for TensorBoard in the run's folder"),
  csv: z.boolean().default(true).describe("epochs.csv, a row an epoch"),
  everySteps: count
    .default(10)
    .describe(
      "steps between those whose numbers TensorBoard and MLflow get; metrics.jsonl has all steps and everyone the " +
        "epochs' means",
    ),
  histogramsEvery: count
    .nullable()
    .default(10)
    .describe(
      "epochs between histograms of the weights and of their gradients in the epoch's last step; null: none",
    ),
  histogramsOf: z
    .enum(["ends", "all"])
    .default("ends")
    .describe("each expert's first convolution and classifier, or all convolutions and linear layers"),
  images: z
    .int()
    .min(0)
    .default(16)
    .describe(
      "images of the first training batch that first-batch.png shows as the network sees them; 0: none",
    ),
});
