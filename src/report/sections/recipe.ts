import { stringify } from "yaml";
import { markup } from "../../support/markup.js";
import { facts } from "../../support/page/page.js";
import { counted, type Section, sentences } from "../html/section.js";
import type { ReportedRun } from "../run/reported-run.js";
import { shellQuoted } from "../../support/text.js";

/** How the run came about, and how to have it again. */
export function recipeSection({ description, folder }: ReportedRun): Section {
  const { recipe, seed, device, threads, kernels, versions, command, started } = description;
  const { method, optimizer, schedule, data } = recipe;
  return {
    id: "recipe",
    title: "Recipe and versions",
    lead: sentences(
      `${method.kind} with ${method.experts} × ${recipe.backbone}, ${counted(recipe.epochs, "epoch")} in batches of ${data.batch}, seed ${seed}: all that decides the outcome is below.`,
      `longtail reproduce trains it again and compares; on the same machine with the same number of threads every digit is the same.`,
    ),
    body: markup`${facts([
      ["method", `${method.kind}, ${counted(method.experts, "network", "experts")}`],
      ["network", `${recipe.backbone}, classifier ${recipe.classifier.kind}${startOf(recipe)}`],
      ["what trains", trainedPart(recipe)],
      [
        "optimizer",
        `${optimizer.kind}, rate ${optimizer.lr}, ${optimizer.kind === "sgd" ? `momentum ${optimizer.momentum}, ` : ""}decay ${optimizer.weightDecay}`,
      ],
      ["schedule", `${schedule.kind}, ${counted(recipe.epochs, "epoch")}`],
      ["sampling", data.sampler.kind],
      ["augmentation", data.train.map(({ kind }) => kind).join(", ") || "none"],
      ["test images", testedAs(recipe)],
      ["moving averages", recipe.ema === null ? "none" : `decay ${recipe.ema.decay}`],
      ["precision", `${recipe.precision}, ${recipe.deterministic ? "deterministic" : "not deterministic"}`],
      ["seed", String(seed)],
      ["device", `${device}, ${counted(threads, "thread")}, kernels ${kernels}`],
      [
        "versions",
        `longtail ${versions.longtail}${versions.code === undefined ? "" : ` (code ${versions.code.slice(0, 12)})`}, libtorch ${versions.libtorch}, Node.js ${versions.node}`,
      ],
      ["started", `${started.slice(0, 16).replace("T", " ")} UTC`],
    ])}
<h3>Commands</h3>
<pre tabindex="0" aria-label="Commands"><code>${command.length > 0 ? `${command.map(shellQuoted).join(" ")}\n` : "# started from code\n"}longtail reproduce ${shellQuoted(folder.path)}</code></pre>
<details><summary>The recipe with every default</summary>
<pre tabindex="0" aria-label="Recipe"><code>${stringify(recipe, { lineWidth: 100 })}</code></pre></details>`,
  };
}

type Recipe = ReportedRun["description"]["recipe"];

function startOf({ classifier }: Recipe): string {
  if (classifier.kind !== "cosine" || classifier.start === "random") return "";
  return classifier.start === "text" ? " that started from class names" : " that started from class means";
}

function trainedPart({ adapter, freezeBackbone, phases, trainable }: Recipe): string {
  if (phases !== undefined) return `by phase: ${phases.map(({ name }) => name).join(", ")}`;
  if (freezeBackbone) return "the classifier alone";
  if (adapter !== null)
    return adapter.kind === "lora"
      ? `the classifier and low-rank updates (LoRA, rank ${adapter.rank}) of ${adapter.targets.join(", ")}`
      : `the classifier and an AdaptFormer of ${adapter.dim} values in each block`;
  return trainable === "all" ? "everything" : `the classifier and ${trainable} of the network`;
}

function testedAs({ evaluation: { fiveCrops } }: Recipe): string {
  return fiveCrops === null
    ? "seen once each"
    : `five crops each, of the shorter side at ${fiveCrops.size} pixels; their logits are averaged`;
}
