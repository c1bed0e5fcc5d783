/** The names that networks' tensors have in files: what stands before all of them, and the classifier's. */
import { CheckpointError } from "../support/errors.js";
import type { Tensor } from "../torch/tensor.js";

type State = Map<string, Tensor>;

/** Around all names: PyTorch's parallel and compiled wrappers, and checkpoints that `longtail train` wrote. */
const WRAPPER = /^(?:(?:module|_orig_mod|model)[.])+/;
/** Expert 0's backbone, and the stages that experts share. */
const FIRST_EXPERT = /^(?:backbone[.]0|trunk)[.]/;
/**
 * Classifiers of a single network: torchvision's name, that of pytorch_resnet_cifar10 (Y. Idelbayev), timm's,
 * OpenMMLab's and EfficientNet-Lite's.
 */
const CLASSIFIER = /^(?:fc|linear|last_linear|classifier|head[.]fc|head|_fc)[.](?=(?:weight|bias)$)/;
/** Networks that follow the trained one and are not it. */
const FOLLOWER = /(?:^|[._])(?:encoder_k|ema|teacher|momentum\w*|key_encoder)(?:[._]|$)/i;

/** The names without what stands before all of them, such as "module.encoder_q.": the network's own are known. */
export function unwrapped(state: State, own: Iterable<string>): State {
  const ownNames = [...own];
  const single = ownNames.flatMap((name) =>
    FIRST_EXPERT.test(name) ? [name.replace(FIRST_EXPERT, "")] : [],
  );
  const [ensembles, networks] = [new Set(ownNames), new Set(single)].map((names) =>
    bestPrefixes(state, names),
  );
  const { prefixes } = ensembles!.score >= networks!.score ? ensembles! : networks!;
  const [prefix = "", second] = withoutFollowers(prefixes);
  if (second !== undefined)
    throw new CheckpointError(
      `it is there more than once, as ${prefix}… and ${second}…; pretrained.key names the one to take`,
    );
  return prefix === "" ? withoutWrapper(state) : inside(state, prefix);
}

/** The names without PyTorch's wrappers; tensors outside of them (an optimizer's) are left out. */
export function withoutWrapper(state: State): State {
  const wrapped = matching(state, (name) => WRAPPER.test(name));
  return wrapped.size === 0 ? state : renamed(wrapped, (name) => name.replace(WRAPPER, ""));
}

/** What stands before the most of some names. */
function bestPrefixes(state: State, wanted: ReadonlySet<string>): { score: number; prefixes: string[] } {
  const scores = new Map<string, number>();
  for (const name of state.keys())
    for (let at = 0; at >= 0; at = afterPoint(name, at))
      if (wanted.has(name.slice(at))) {
        const prefix = name.slice(0, at);
        scores.set(prefix, 1 + (scores.get(prefix) ?? 0));
      }
  let score = 0;
  for (const found of scores.values()) score = Math.max(score, found);
  return { score, prefixes: [...scores].flatMap(([prefix, found]) => (found === score ? [prefix] : [])) };
}

/** Where the next part of a name begins; -1 behind the last. */
function afterPoint(name: string, from: number): number {
  const point = name.indexOf(".", from);
  return point < 0 ? -1 : point + 1;
}

/** Without what stands before networks that follow the trained one, unless there is nothing else. */
export function withoutFollowers(prefixes: readonly string[]): readonly string[] {
  const leaders = prefixes.filter((prefix) => !FOLLOWER.test(prefix));
  return leaders.length > 0 ? leaders : prefixes;
}

function inside(state: State, prefix: string): State {
  return renamed(
    matching(state, (name) => name.startsWith(prefix)),
    (name) => name.slice(prefix.length),
  );
}

/**
 * Names as an ensemble's. Weights of a single network are those of an only expert: "fc.…", "head.…" and the like become
 * "classifier.0.…", everything else "backbone.0.…"; the layers of ResNets have the same names everywhere.
 */
export function asEnsemble(state: State): State {
  if ([...state.keys()].some((name) => /^(?:backbone|classifier)(?:_[^.]*)?[.]\d+[.]/.test(name)))
    return state;
  return renamed(state, (name) =>
    CLASSIFIER.test(name) ? name.replace(CLASSIFIER, "classifier.0.") : `backbone.0.${name}`,
  );
}

/**
 * The state without biases of classifiers that the network has none for, where all are 0: NCL's cosine classifier without a
 * bias (CLASSIFIER.BIAS False) has one that is never trained, and saves it. Others stay, since they are part of the logits.
 */
export function withoutFrozenBiases(state: State, own: ReadonlyMap<string, unknown>): State {
  const isFrozen = (name: string): boolean => {
    const [, classifier] = /^(classifier[.]\d+[.])bias$/.exec(name) ?? [];
    return (
      classifier !== undefined && !own.has(name) && own.has(`${classifier}weight`) && isZero(state.get(name)!)
    );
  };
  return matching(state, (name) => !isFrozen(name));
}

function isZero(tensor: Tensor): boolean {
  return tensor.toArray().every((value) => Number(value) === 0);
}

/**
 * A single network's weights without those of parts that `wanted` does not have: its classifier, whatever it is called.
 * Further layers in a part that is wanted stay, since they are another network's.
 */
export function withoutOtherParts(state: State, wanted: Iterable<string>): State {
  const parts = new Set(Array.from(wanted, partOf));
  return matching(state, (name) => parts.has(partOf(name)));
}

function partOf(name: string): string {
  return name.split(".", 1)[0]!;
}

/** Files from before PyTorch 0.4.1, torchvision's among them, do not count batch norm's batches: `own` counters stay. */
export function withCounters(state: State, own: State): State {
  return new Map([...matching(own, (name) => name.endsWith(".num_batches_tracked")), ...state]);
}

export function matching(state: State, wanted: (name: string) => boolean): State {
  return new Map([...state].filter(([name]) => wanted(name)));
}

export function renamed(state: State, rename: (name: string) => string): State {
  return new Map([...state].map(([name, tensor]) => [rename(name), tensor]));
}
