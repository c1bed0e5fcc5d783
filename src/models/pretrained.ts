import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { copyState, type Module } from "../nn/module.js";
import type { RecipeIssue } from "../recipes/faults.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { fitting, loadWeights } from "./load-weights.js";
import { asEnsemble, matching, renamed, unwrapped, withCounters, withoutClassifier } from "./state-names.js";

type Pretrained = NonNullable<ResolvedRecipe["pretrained"]>;
type State = Map<string, Tensor>;

/** The stages that experts share. */
const TRUNK = "trunk.";
/** Expert K's backbone, or (_MA) its key encoder in contrastive learning, which starts from the same weights. */
const BACKBONE = /^backbone(?:_MA)?[.](\d+)[.]/;

/** Faults of the recipe's weights to start from; to be looked for before slow work. */
export function pretrainedIssues({ pretrained }: Pick<ResolvedRecipe, "pretrained">): RecipeIssue[] {
  if (pretrained === null || existsSync(pretrained.file)) return [];
  return [
    {
      key: "pretrained.file",
      expected: "the weights to start from",
      found: `no file ${resolve(pretrained.file)}`,
      remedy:
        "give them with --set pretrained.file=FILE (.pth, such as torchvision's, or .safetensors), or start at random with " +
        "--set pretrained=null",
    },
  ];
}

/**
 * Puts weights from a file into a model whose experts' names begin with "backbone.K.", and those of the stages that they
 * share with "trunk.". load "backbone": one network's weights by torchvision's names go into every expert, without its
 * classifier (`fc`); of an ensemble's weights, each expert takes its own backbone, and shared stages the file's shared ones
 * or else the first expert's. load "all": the whole model, name by name; one network's weights are those of the only expert
 * (state-names.ts).
 * @throws CheckpointError that names the file and the first tensor that is missing or has another shape.
 */
export function loadPretrained(model: Module, { file, load }: Pretrained): void {
  using _scope = scope();
  const saved = unwrapped(loadWeights(file));
  const own = model.stateDict();
  fitting(file, () => {
    if (load === "all") copyState(own, withCounters(asEnsemble(saved), own));
    else loadBackbones(own, saved);
  });
}

/** Errors name tensors as the file does. */
function loadBackbones(own: State, saved: State): void {
  const hasTrunk = [...own.keys()].some((name) => name.startsWith(TRUNK));
  const backbones = new Set([...own.keys()].flatMap((name) => BACKBONE.exec(name)?.[0] ?? []));
  if (hasTrunk) copyWeights(own, { prefix: TRUNK, number: "0", found: saved, allOf: false });
  for (const prefix of backbones)
    copyWeights(own, { prefix, number: BACKBONE.exec(prefix)![1]!, found: saved, allOf: !hasTrunk });
}

interface Source {
  /** What the model's own names begin with. */
  readonly prefix: string;
  /** Expert of the file, where it is an ensemble's. */
  readonly number: string;
  readonly found: State;
  /** Whether the file's expert must have no other weights than the model's. */
  readonly allOf: boolean;
}

function copyWeights(own: State, { prefix, number, found: saved, allOf }: Source): void {
  const names = [...saved.keys()];
  const isEnsemble = names.some((name) => BACKBONE.test(name));
  const sharesStages = names.some((name) => name.startsWith(TRUNK));
  const inFile = prefix === TRUNK && sharesStages ? TRUNK : isEnsemble ? `backbone.${number}.` : "";
  const wanted = renamed(
    matching(own, (name) => name.startsWith(prefix)),
    (name) => inFile + name.slice(prefix.length),
  );
  const candidates = isEnsemble
    ? matching(saved, (name) => name.startsWith(inFile))
    : withoutClassifier(saved);
  const taken = allOf ? candidates : matching(candidates, (name) => wanted.has(name));
  copyState(wanted, withCounters(taken, wanted));
}
