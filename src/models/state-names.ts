import type { Tensor } from "../torch/tensor.js";

type State = Map<string, Tensor>;

/** Around all names: PyTorch's parallel wrappers, and checkpoints that `longtail train` wrote. */
const WRAPPER = /^(?:module|model)[.]/;
const ENSEMBLE = /^(?:backbone|classifier)(?:_[^.]*)?[.]/;
/** The classifier of a single network: torchvision's name, and that of pytorch_resnet_cifar10 (Y. Idelbayev). */
const CLASSIFIER = /^(?:fc|linear)[.]/;

/** The names without what is around all of them; tensors outside of it (an optimizer's) are left out. */
export function unwrapped(state: State): State {
  const inside = matching(state, (name) => WRAPPER.test(name));
  return inside.size === 0 ? state : renamed(inside, (name) => name.replace(WRAPPER, ""));
}

/** A single network's weights without its classifier. */
export function withoutClassifier(state: State): State {
  return matching(state, (name) => !CLASSIFIER.test(name));
}

/**
 * Names as an ensemble's. Weights of a single network are those of an only expert: "fc.…" or "linear.…" become
 * "classifier.0.…", everything else "backbone.0.…"; the layers of ResNets have the same names everywhere.
 */
export function asEnsemble(state: State): State {
  if ([...state.keys()].some((name) => ENSEMBLE.test(name))) return state;
  return renamed(state, (name) =>
    CLASSIFIER.test(name) ? name.replace(CLASSIFIER, "classifier.0.") : `backbone.0.${name}`,
  );
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
