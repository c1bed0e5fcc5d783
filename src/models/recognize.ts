import type { ResolvedRecipe } from "../recipes/schema.js";
import type { Tensor } from "../torch/tensor.js";
import { CONVNEXTS, RESNETS, VISION_TRANSFORMERS } from "./architectures.js";
import type { ConvNextArchitecture } from "./convnext.js";
import type { ResNetArchitecture } from "./resnet.js";
import type { VisionTransformerArchitecture } from "./vision-transformer.js";

type BackboneName = ResolvedRecipe["backbone"];
type State = ReadonlyMap<string, Tensor>;

/**
 * Backbones that tensors fit, by the names and shapes of some of them; CLIP's fit one for each activation, since no tensor
 * shows that. Empty for another kind of network. The names are the network's own (translate.ts).
 */
export function recognized(state: State): BackboneName[] {
  if (state.has("patch_embed.proj.weight")) return fitting(VISION_TRANSFORMERS, isTransformer(state));
  if (state.has("stem.0.weight")) return fitting(CONVNEXTS, isConvNext(state));
  if (state.has("_conv_stem.weight"))
    return state.has("_blocks.15._bn0.weight") ? ["efficientnet-lite0"] : [];
  if (state.has("features.1.block.0.0.weight"))
    return state.has("features.15.block.0.0.weight") ? ["mobilenet-v3-large"] : ["mobilenet-v3-small"];
  return state.has("layer4.0.conv1.weight") ? fitting(RESNETS, isResNet(state)) : [];
}

function fitting<Name extends BackboneName, Architecture>(
  table: Readonly<Record<Name, Architecture>>,
  fits: (architecture: Architecture) => boolean,
): Name[] {
  return (Object.keys(table) as Name[]).filter((name) => fits(table[name]));
}

function isTransformer(state: State): (architecture: VisionTransformerArchitecture) => boolean {
  const [width, , patch] = shapeOf(state, "patch_embed.proj.weight");
  const depth = count(state, /^blocks[.](\d+)[.]/);
  const positions = shapeOf(state, "pos_embed")[1];
  const registers = shapeOf(state, "reg_token")[1] ?? 0;
  const [hasLayerScale, isClip] = [state.has("blocks.0.ls1.gamma"), state.has("norm_pre.weight")];
  const pooling = state.has("cls_token") ? "class" : "attention";
  return (one) =>
    one.width === width &&
    one.patch === patch &&
    one.depth === depth &&
    one.pooling === pooling &&
    Number(pooling === "class") + one.grid ** 2 === positions &&
    one.registers === registers &&
    (one.layerScale !== null) === hasLayerScale &&
    one.isClip === isClip;
}

function isConvNext(state: State): (architecture: ConvNextArchitecture) => boolean {
  const [width] = shapeOf(state, "stem.0.weight");
  const blocks = [0, 1, 2, 3].map((stage) =>
    count(state, new RegExp(`^stages[.]${stage}[.]blocks[.](\\d+)[.]`)),
  );
  return (one) => one.channels[0] === width && one.blocks.join() === blocks.join();
}

function isResNet(state: State): (architecture: ResNetArchitecture) => boolean {
  const block = state.has("layer1.0.conv3.weight") ? "bottleneck" : "basic";
  const [width, inGroup = 0] = shapeOf(state, "layer1.0.conv2.weight");
  const blocks = [1, 2, 3, 4].map((stage) => count(state, new RegExp(`^layer${stage}[.](\\d+)[.]`)));
  return ({ block: kind, blocks: all, groups = 1, groupWidth = 64 }) =>
    kind === block && all.join() === blocks.join() && groups * groupWidth === width && groupWidth === inGroup;
}

function shapeOf(state: State, name: string): readonly number[] {
  return state.get(name)?.shape ?? [];
}

/** Different values of what a pattern finds in the names. */
function count(state: State, pattern: RegExp): number {
  return new Set([...state.keys()].flatMap((name) => pattern.exec(name)?.[1] ?? [])).size;
}
