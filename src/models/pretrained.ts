import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { copyState, type Module } from "../nn/module.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { UsageError } from "../support/errors.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import { fitting, loadWeights } from "./load-weights.js";
import { asEnsemble, matching, renamed, unwrapped, withCounters, withoutClassifier } from "./state-names.js";

type Pretrained = NonNullable<ResolvedRecipe["pretrained"]>;
type State = Map<string, Tensor>;

/** Expert K's backbone, or (_MA) its key encoder in contrastive learning, which starts from the same weights. */
const BACKBONE = /^backbone(?:_MA)?[.](\d+)[.]/;

/** @throws UsageError that says how to give weights, when there is no such file; to be called before slow work. */
export function assertPretrainedThere(pretrained: Pretrained | null): void {
  if (pretrained === null || existsSync(pretrained.file)) return;
  throw new UsageError(
    `pretrained.file: expected the weights to start from, found no file ${resolve(pretrained.file)}; give them with ` +
      "--set pretrained.file=FILE (.pth, such as torchvision's, or .safetensors), or start at random with --set pretrained=null",
  );
}

/**
 * Puts weights from a file into a model whose experts' names begin with "backbone.K.".
 * part "backbone": one network's weights by torchvision's names go into every expert, without its classifier (`fc`);
 * of an ensemble's weights, each expert takes its own backbone. part "all": the whole model, name by name; one
 * network's weights are those of the only expert (state-names.ts).
 * @throws CheckpointError that names the file and the first tensor that is missing or has another shape.
 */
export function loadPretrained(model: Module, { file, part }: Pretrained): void {
  using _scope = scope();
  const saved = unwrapped(loadWeights(file));
  const own = model.stateDict();
  fitting(file, () => {
    if (part === "all") copyState(own, withCounters(asEnsemble(saved), own));
    else loadBackbones(own, saved);
  });
}

/** Errors name tensors as the file does. */
function loadBackbones(own: State, saved: State): void {
  const ofEnsemble = [...saved.keys()].some((name) => BACKBONE.test(name));
  const backbones = new Set([...own.keys()].flatMap((name) => BACKBONE.exec(name)?.[0] ?? []));
  for (const prefix of backbones) {
    const expert = `backbone.${BACKBONE.exec(prefix)![1]}.`;
    const inFile = (name: string): string => (ofEnsemble ? expert : "") + name.slice(prefix.length);
    const backbone = renamed(
      matching(own, (name) => name.startsWith(prefix)),
      inFile,
    );
    const found = ofEnsemble ? matching(saved, (name) => name.startsWith(expert)) : withoutClassifier(saved);
    copyState(backbone, withCounters(found, backbone));
  }
}
