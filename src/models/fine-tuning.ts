import { type AdapterOptions, isAdapterParameter } from "../nn/adapters.js";
import { Conv2d } from "../nn/conv2d.js";
import type { Module } from "../nn/module.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import { maxOf, minOf } from "../support/math.js";
import type { Tensor } from "../torch/tensor.js";
import { Ensemble } from "./ensemble.js";

/** The first number of a parameter's name, and what comes before it: a layer, a block or a stage. */
const NUMBERED = /^(\D*)(\d+)[.]/;

/**
 * Depth of each of a network's parameters, by their names in order: 0 for the stem, then 1, 2, … for its numbered parts (layer1,
 * layer2, … of a ResNet; the blocks of an EfficientNet or of a transformer). What follows the last one counts to it.
 */
export function layerDepths(names: readonly string[]): number[] {
  const parts = names.map((name) => {
    const [, prefix, number] = NUMBERED.exec(name) ?? [];
    return prefix === undefined ? null : { prefix, number: Number(number) };
  });
  const sizes = new Map<string, number>();
  for (const part of parts) if (part !== null) sizes.set(part.prefix, (sizes.get(part.prefix) ?? 0) + 1);
  const [main] = [...sizes].sort(([, a], [, b]) => b - a)[0] ?? [null];
  const numbers = parts.map((part) => (part !== null && part.prefix === main ? part.number : null));
  const known = numbers.filter((number) => number !== null);
  const [first, last] = [minOf(known), maxOf(known)];
  let seen = false;
  return numbers.map((number) => {
    seen ||= number !== null;
    if (number !== null) return number - first + 1;
    return seen ? last - first + 1 : 0;
  });
}

/** A parameter of the backbones, and where it is in its network. */
interface BackboneParameter {
  readonly name: string;
  readonly parameter: Tensor;
  /** From 0, the stem. */
  readonly depth: number;
  /** Depth of the network's last part, and of the part that its last stage begins with. */
  readonly last: number;
  readonly lastStage: number;
}

/** The parameters of an ensemble's backbones, and of the stages that they share; none of another model. */
function backboneParameters(model: Module): BackboneParameter[] {
  if (!(model instanceof Ensemble)) return [];
  const shared = model.trunk?.namedParameters() ?? [];
  const found = new Map<Tensor, BackboneParameter>();
  for (const backbone of model.backbones) {
    const named = [...shared, ...backbone.namedParameters()];
    const depths = layerDepths(named.map(([name]) => name));
    const last = maxOf(depths);
    const depthOf = new Map(named.map(([, parameter], i) => [parameter, depths[i]!]));
    const lastStage = lastStageOf([model.trunk, backbone], depthOf) ?? last;
    named.forEach(([name, parameter], i) => {
      found.set(parameter, { name, parameter, depth: depths[i]!, last, lastStage });
    });
  }
  return [...found.values()];
}

/** Depth of the last part that lowers the resolution; null where the stem alone does, as in transformers. */
function lastStageOf(
  networks: readonly (Module | null)[],
  depthOf: ReadonlyMap<Tensor, number>,
): number | null {
  const layers = networks.flatMap((network) => network?.modules() ?? []);
  const lowering = layers.filter((layer): layer is Conv2d => layer instanceof Conv2d && layer.stride > 1);
  const depth = maxOf(lowering.map(({ weight }) => depthOf.get(weight) ?? 0));
  return depth > 0 ? depth : null;
}

/**
 * Freezes the parameters of the backbones that a recipe does not train. Parameters that are frozen already stay so.
 *
 * - `last-stage`: what has the lowest resolution trains, from the last part that lowers it on; the last block of transformers;
 * - `norm`: scales and shifts of normalizations train; `bias`: biases train (BitFit, ACL 2022);
 * - with an adapter, it alone trains.
 */
export function limitTraining(
  model: Module,
  { trainable, adapter }: Pick<ResolvedRecipe, "trainable"> & { readonly adapter: AdapterOptions | null },
): void {
  if (trainable === "all" && adapter === null) return;
  const found = backboneParameters(model);
  if (adapter !== null || trainable === "all") {
    for (const { name, parameter } of found) if (!isAdapterParameter(name)) parameter.setRequiresGrad(false);
    return;
  }
  const norms = new Set(
    found.flatMap(({ name, parameter }) =>
      name.endsWith("weight") && parameter.shape.length === 1 ? [name.slice(0, -"weight".length)] : [],
    ),
  );
  for (const { name, parameter, depth, lastStage } of found)
    if (!isTrained(name, { trainable, depth, lastStage, norms })) parameter.setRequiresGrad(false);
}

function isTrained(
  name: string,
  {
    trainable,
    depth,
    lastStage,
    norms,
  }: Pick<BackboneParameter, "depth" | "lastStage"> & {
    readonly trainable: Exclude<ResolvedRecipe["trainable"], "all">;
    /** What the names of normalizations begin with: those whose weight is a vector. */
    readonly norms: ReadonlySet<string>;
  },
): boolean {
  switch (trainable) {
    case "last-stage":
      return depth >= lastStage;
    case "norm":
      return norms.has(name.slice(0, name.lastIndexOf(".") + 1));
    case "bias":
      return name.endsWith("bias");
    default:
      return trainable satisfies never;
  }
}

/**
 * Factors of the learning rate for each parameter of a model: 1 for classifiers; in the backbones `backboneLr` for the last part,
 * and `layerDecay` times that of the part behind for each one towards the input. Null where all are 1.
 * Layer-wise decay: Clark et al., "ELECTRA", ICLR 2020.
 */
export function learningRateFactors(
  model: Module,
  { backboneLr, layerDecay }: Pick<ResolvedRecipe["optimizer"], "backboneLr" | "layerDecay">,
): number[] | null {
  if (backboneLr === 1 && layerDecay === 1) return null;
  const factors = new Map(
    backboneParameters(model).map(({ parameter, depth, last }) => [
      parameter,
      backboneLr * layerDecay ** (last - depth),
    ]),
  );
  return model.parameters().map((parameter) => factors.get(parameter) ?? 1);
}
