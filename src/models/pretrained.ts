import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { isAdapterParameter } from "../nn/adapters.js";
import { copyState, type Module } from "../nn/module.js";
import type { RecipeIssue } from "../recipes/faults.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { CheckpointError } from "../support/errors.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import {
  checkedWeights,
  installClipVocabulary,
  installWeights,
  type WeightsOptions,
} from "../weights/install.js";
import { WEIGHTS } from "../weights/registry.js";
import { fitting, listed, loadWeights } from "./load-weights.js";
import { recognized } from "./recognize.js";
import { resizePositions, translated } from "./translate.js";
import {
  asEnsemble,
  matching,
  renamed,
  unwrapped,
  withCounters,
  withoutFrozenBiases,
  withoutOtherParts,
} from "./state-names.js";

type Pretrained = NonNullable<ResolvedRecipe["pretrained"]>;
type WeightsInFile = Pick<Pretrained, "load" | "key"> & { readonly file: string };
type State = Map<string, Tensor>;

/** The stages that experts share. */
const TRUNK = "trunk.";
/** Expert K's backbone, or (_MA) its key encoder in contrastive learning, which starts from the same weights. */
const BACKBONE = /^backbone(?:_MA)?[.](\d+)[.]/;

/** Faults of the recipe's weights to start from; to be looked for before slow work. */
export function pretrainedIssues({
  backbone,
  pretrained,
}: Pick<ResolvedRecipe, "backbone" | "pretrained">): RecipeIssue[] {
  if (pretrained === null) return [];
  const { weights, file } = pretrained;
  if (weights !== null) {
    const own = WEIGHTS[weights].backbone;
    if (backbone === own) return [];
    return [{ key: "backbone", expected: `${own}, which pretrained.weights ${weights} is for` }];
  }
  if (file === null || existsSync(file)) return [];
  return [
    {
      key: "pretrained.file",
      expected: "the weights to start from",
      found: `no file ${resolve(file)}`,
      remedy:
        "give them with --set pretrained.file=FILE (.pth, such as torchvision's, or .safetensors), or start at random with " +
        "--set pretrained=null",
    },
  ];
}

/**
 * Fetches the weights that a recipe names, and the vocabulary where class names become a classifier's weights, as far as they
 * are not there yet. @throws DownloadError that says what to do.
 */
export async function fetchPretrained(
  { pretrained, classifier }: Pick<ResolvedRecipe, "pretrained" | "classifier">,
  options: WeightsOptions = {},
): Promise<void> {
  if (pretrained !== null && pretrained.weights !== null) await installWeights(pretrained.weights, options);
  if (classifier.kind === "cosine" && classifier.start === "text") await installClipVocabulary(options);
}

/** The file of a recipe's weights to start from. @throws CheckpointError for published ones that are not there or damaged. */
export function pretrainedFile({ weights, file, ...how }: Pretrained): WeightsInFile {
  return { ...how, file: weights === null ? file! : checkedWeights(weights) };
}

/**
 * Puts weights from a file into a model whose experts' names begin with "backbone.K.", and those of the stages that they
 * share with "trunk.". load "backbone": one network's weights by torchvision's names go into every expert, without what
 * else the file has, such as its classifier; of an ensemble's weights, each expert takes its own backbone, and shared
 * stages the file's shared ones or else the first expert's. load "all": the whole model, name by name; one network's
 * weights are those of the only expert (state-names.ts). Adapters keep their start where the file has none. Returns what is to be said of tensors that were left out.
 * @throws CheckpointError that names the file and the first tensor that is missing or has another shape.
 */
export function loadPretrained(
  model: Module,
  { file, load, key = null }: Pick<WeightsInFile, "file" | "load"> & Partial<WeightsInFile>,
): string[] {
  using _scope = scope();
  const found = loadWeights(file, key);
  const hasAdapters = [...found.keys()].some(isAdapterParameter);
  const own = matching(model.stateDict(), (name) => hasAdapters || !isAdapterParameter(name));
  const loadInto = (): { readonly taken: Set<Tensor>; readonly notes: string[] } => {
    const translation = translated(found);
    const { state, layout, sources } = translation;
    const names = recognized(state);
    const notes = resizePositions(translation, own);
    const taken = orRecognized(names, own, () => {
      const saved = unwrapped(state, own.keys());
      return load === "backbone" ? loadBackbones(own, saved, layout !== null) : loadAll(own, saved);
    });
    const ofFile = taken.flatMap((tensor) => sources.get(tensor) ?? [tensor]);
    return { taken: new Set(ofFile), notes };
  };
  const { taken, notes } = fitting(file, loadInto, found.keys());
  const left = [...found].flatMap(([name, tensor]) => (taken.has(tensor) ? [] : [name]));
  if (left.length > 0) notes.push(`left out: ${listed(left)}`);
  return notes.map((note) => `${file}: ${note}.`);
}

/** Runs `load`; its error says which other networks the tensors are of, where that is known. */
function orRecognized<T>(names: readonly string[], own: State, load: () => T): T {
  try {
    return load();
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    const expected = recognized(renamed(own, (name) => name.replace(/^(?:backbone[.]\d+|trunk)[.]/, "")));
    if (names.length === 0 || expected.some((name) => names.includes(name))) throw error;
    throw new CheckpointError(
      `${error.message}; these are the weights of another network: --set backbone=${names.join(" or ")} is theirs`,
      { cause: error },
    );
  }
}

function loadAll(own: State, saved: State): Tensor[] {
  const all = withoutFrozenBiases(asEnsemble(saved), own);
  copyState(own, withCounters(all, own));
  return [...all.values()];
}

/**
 * Returns the file's tensors that were taken. Errors name tensors as the file does. hasOwnNames: whether the names are those
 * of longtail's networks, so that all but the classifier must fit.
 */
function loadBackbones(own: State, saved: State, hasOwnNames: boolean): Tensor[] {
  const hasTrunk = [...own.keys()].some((name) => name.startsWith(TRUNK));
  const backbones = new Set([...own.keys()].flatMap((name) => BACKBONE.exec(name)?.[0] ?? []));
  const taken = [...backbones].map((prefix) => ({
    prefix,
    number: BACKBONE.exec(prefix)![1]!,
    allOf: !hasTrunk,
  }));
  const trunk = hasTrunk ? [{ prefix: TRUNK, number: "0", allOf: false }] : [];
  return [...trunk, ...taken].flatMap((source) => copyWeights(own, { ...source, found: saved, hasOwnNames }));
}

interface Source {
  /** What the model's own names begin with. */
  readonly prefix: string;
  /** Expert of the file, where it is an ensemble's. */
  readonly number: string;
  readonly found: State;
  /** Whether the file's expert must have no other weights than the model's. */
  readonly allOf: boolean;
  readonly hasOwnNames: boolean;
}

function copyWeights(own: State, { prefix, number, found: saved, allOf, hasOwnNames }: Source): Tensor[] {
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
    : hasOwnNames
      ? matching(saved, (name) => !name.startsWith("fc."))
      : withoutOtherParts(saved, wanted.keys());
  const taken = allOf ? candidates : matching(candidates, (name) => wanted.has(name));
  copyState(wanted, withCounters(taken, wanted));
  return [...taken.values()];
}
