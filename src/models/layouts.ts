/**
 * Names that other programs give the tensors of vision transformers, ConvNeXts, MobileNets and ResNets. A file's layout is
 * known by two of its names; whatever stands before both of them stands before the others, too.
 */
/**
 * A pattern of a tensor's name, and its own name here. NAME@1, say, is the second of the tensors that make up NAME, row after
 * row. null: it is no part of the network that features come from.
 */
export type Rule = readonly [pattern: RegExp, own: string | ((...groups: string[]) => string) | null];

/** What a program calls the tensors of a kind of network. */
export interface Layout {
  readonly name: string;
  /** Names of two tensors that no other layout has both of. */
  readonly marks: readonly [string, string];
  /** The first one that fits counts; a tensor that none fits is another network's and keeps its name. */
  readonly rules: readonly Rule[];
}

/** Of a classifier: the network's own names have none, and "fc" is known as one. */
const CLASSIFIER: Rule = [/^(?:head|head[.]fc|heads[.]head|classifier|fc)[.](weight|bias)$/, "fc.$1"];

const TIMM_TRANSFORMER: Layout = {
  name: "timm's and DINOv2's vision transformers",
  marks: ["patch_embed.proj.weight", "blocks.0.attn.qkv.weight"],
  rules: [
    [/^mask_token$/, null],
    [/^register_tokens$/, "reg_token"],
    [/^attn_pool[.]q[.](weight|bias)$/, "attn_pool.qkv.$1@0"],
    [/^attn_pool[.]kv[.](weight|bias)$/, "attn_pool.qkv.$1@1"],
    CLASSIFIER,
  ],
};

const OPENAI_BLOCKS: readonly Rule[] = [
  [/^transformer[.]resblocks[.](\d+)[.]ln_([12])[.]/, "blocks.$1.norm$2."],
  [/^transformer[.]resblocks[.](\d+)[.]attn[.]in_proj_/, "blocks.$1.attn.qkv."],
  [/^transformer[.]resblocks[.](\d+)[.]attn[.]out_proj[.]/, "blocks.$1.attn.proj."],
  [/^transformer[.]resblocks[.](\d+)[.]mlp[.]c_fc[.]/, "blocks.$1.mlp.fc1."],
  [/^transformer[.]resblocks[.](\d+)[.]mlp[.]c_proj[.]/, "blocks.$1.mlp.fc2."],
];

const OPENAI_CLIP: Layout = {
  name: "CLIP as OpenAI and open_clip write it",
  marks: ["class_embedding", "transformer.resblocks.0.attn.in_proj_weight"],
  rules: [
    [/^conv1[.]/, "patch_embed.proj."],
    [/^class_embedding$/, "cls_token"],
    [/^positional_embedding$/, "pos_embed"],
    [/^ln_pre[.]/, "norm_pre."],
    [/^ln_post[.]/, "norm."],
    [/^proj$/, null],
    ...OPENAI_BLOCKS,
  ],
};

const OPENAI_TEXT: Layout = {
  name: OPENAI_CLIP.name,
  marks: ["token_embedding.weight", "transformer.resblocks.0.attn.in_proj_weight"],
  rules: [
    [/^token_embedding[.]weight$/, "token_embedding"],
    [/^positional_embedding$/, "positions"],
    [/^ln_final[.]/, "norm."],
    [/^text_projection$/, "projection"],
    ...OPENAI_BLOCKS,
  ],
};

const HF_CLIP_BLOCKS: readonly Rule[] = [
  [/^encoder[.]layers[.](\d+)[.]layer_norm([12])[.]/, "blocks.$1.norm$2."],
  ...joinedRules("encoder[.]layers[.](\\d+)[.]self_attn", ["q_proj", "k_proj", "v_proj"]),
  [/^encoder[.]layers[.](\d+)[.]self_attn[.]out_proj[.]/, "blocks.$1.attn.proj."],
  [/^encoder[.]layers[.](\d+)[.]mlp[.]fc([12])[.]/, "blocks.$1.mlp.fc$2."],
];

const HF_CLIP: Layout = {
  name: "Hugging Face's CLIP",
  marks: ["embeddings.class_embedding", "encoder.layers.0.self_attn.q_proj.weight"],
  rules: [
    [/^embeddings[.]patch_embedding[.]/, "patch_embed.proj."],
    [/^embeddings[.]class_embedding$/, "cls_token"],
    [/^embeddings[.]position_embedding[.]weight$/, "pos_embed"],
    [/^embeddings[.]position_ids$/, null],
    [/^pre_layrnorm[.]/, "norm_pre."], // sic
    [/^post_layernorm[.]/, "norm."],
    ...HF_CLIP_BLOCKS,
  ],
};

const HF_SIGLIP: Layout = {
  name: "Hugging Face's SigLIP",
  marks: ["embeddings.patch_embedding.weight", "head.probe"],
  rules: [
    [/^embeddings[.]patch_embedding[.]/, "patch_embed.proj."],
    [/^embeddings[.]position_embedding[.]weight$/, "pos_embed"],
    [/^embeddings[.]position_ids$/, null],
    [/^post_layernorm[.]/, "norm."],
    [/^head[.]probe$/, "attn_pool.latent"],
    [/^head[.]attention[.]in_proj_/, "attn_pool.qkv."],
    [/^head[.]attention[.]out_proj[.]/, "attn_pool.proj."],
    [/^head[.]layernorm[.]/, "attn_pool.norm."],
    [/^head[.]mlp[.]/, "attn_pool.mlp."],
    ...HF_CLIP_BLOCKS,
  ],
};

const HF_TEXT: Layout = {
  name: HF_CLIP.name,
  marks: ["embeddings.token_embedding.weight", "encoder.layers.0.self_attn.q_proj.weight"],
  rules: [
    [/^embeddings[.]token_embedding[.]weight$/, "token_embedding"],
    [/^embeddings[.]position_embedding[.]weight$/, "positions"],
    [/^embeddings[.]position_ids$/, null],
    [/^final_layer_norm[.]/, "norm."],
    ...HF_CLIP_BLOCKS,
  ],
};

/** A block of Hugging Face's: in files, and of a model in memory of transformers 5. */
const HF_BLOCK = "(?:encoder[.]layer|layers)[.](\\d+)";
const hfBlock = (rest: string): RegExp => new RegExp(`^${HF_BLOCK}[.]${rest}`);

const HF_EMBEDDINGS: readonly Rule[] = [
  [/^embeddings[.]patch_embeddings[.]projection[.]/, "patch_embed.proj."],
  [/^embeddings[.]cls_token$/, "cls_token"],
  [/^embeddings[.]mask_token$/, null],
  [/^embeddings[.]register_tokens$/, "reg_token"],
  [/^embeddings[.]position_embeddings$/, "pos_embed"],
  [/^layernorm[.]/, "norm."],
  [/^pooler[.]/, null],
  ...joinedRules(`${HF_BLOCK}[.]attention[.]attention`, ["query", "key", "value"]),
  ...joinedRules(`${HF_BLOCK}[.]attention`, ["q_proj", "k_proj", "v_proj"]),
  [hfBlock("attention[.](?:output[.]dense|o_proj)[.]"), "blocks.$1.attn.proj."],
  [hfBlock("mlp[.]fc([12])[.]"), "blocks.$1.mlp.fc$2."],
];

const HF_VIT: readonly Layout[] = ["encoder.layer", "layers"].map((blocks) => ({
  name: "Hugging Face's vision transformer",
  marks: ["embeddings.patch_embeddings.projection.weight", `${blocks}.0.layernorm_before.weight`],
  rules: [
    ...HF_EMBEDDINGS,
    [hfBlock("layernorm_before[.]"), "blocks.$1.norm1."],
    [hfBlock("layernorm_after[.]"), "blocks.$1.norm2."],
    [hfBlock("intermediate[.]dense[.]"), "blocks.$1.mlp.fc1."],
    [hfBlock("output[.]dense[.]"), "blocks.$1.mlp.fc2."],
  ],
}));

const HF_DINOV2: Layout = {
  name: "Hugging Face's DINOv2",
  marks: ["embeddings.patch_embeddings.projection.weight", "encoder.layer.0.layer_scale1.lambda1"],
  rules: [
    ...HF_EMBEDDINGS,
    [hfBlock("norm([12])[.]"), "blocks.$1.norm$2."],
    [hfBlock("layer_scale([12])[.]lambda1$"), "blocks.$1.ls$2.gamma"],
  ],
};

const TORCHVISION_VIT: Layout = {
  name: "torchvision's vision transformer",
  marks: ["conv_proj.weight", "encoder.layers.encoder_layer_0.ln_1.weight"],
  rules: [
    [/^conv_proj[.]/, "patch_embed.proj."],
    [/^class_token$/, "cls_token"],
    [/^encoder[.]pos_embedding$/, "pos_embed"],
    [/^encoder[.]ln[.]/, "norm."],
    [/^encoder[.]layers[.]encoder_layer_(\d+)[.]ln_([12])[.]/, "blocks.$1.norm$2."],
    [/^encoder[.]layers[.]encoder_layer_(\d+)[.]self_attention[.]in_proj_/, "blocks.$1.attn.qkv."],
    [/^encoder[.]layers[.]encoder_layer_(\d+)[.]self_attention[.]out_proj[.]/, "blocks.$1.attn.proj."],
    [/^encoder[.]layers[.]encoder_layer_(\d+)[.]mlp[.](?:linear_1|0)[.]/, "blocks.$1.mlp.fc1."],
    [/^encoder[.]layers[.]encoder_layer_(\d+)[.]mlp[.](?:linear_2|3)[.]/, "blocks.$1.mlp.fc2."],
    CLASSIFIER,
  ],
};

/** In torchvision's list a stage has an odd number, and what halves the resolution before it an even one. */
function convNextBlock(rest: string, own: string): Rule {
  return [
    new RegExp(`^features[.]([1357])[.](\\d+)[.]${rest}`),
    (list: string, block: string): string => `stages.${(Number(list) - 1) / 2}.blocks.${block}.${own}`,
  ];
}

const TORCHVISION_CONVNEXT: Layout = {
  name: "torchvision's ConvNeXt",
  marks: ["features.0.0.weight", "features.1.0.layer_scale"],
  rules: [
    [/^features[.]0[.]([01])[.]/, "stem.$1."],
    [
      /^features[.]([246])[.]([01])[.]/,
      (list: string, at: string): string => `stages.${Number(list) / 2}.downsample.${at}.`,
    ],
    convNextBlock("layer_scale$", "gamma"),
    convNextBlock("block[.]0[.]", "conv_dw."),
    convNextBlock("block[.]2[.]", "norm."),
    convNextBlock("block[.]3[.]", "mlp.fc1."),
    convNextBlock("block[.]5[.]", "mlp.fc2."),
    [/^classifier[.]0[.]/, "norm."],
    [/^classifier[.]2[.]/, "fc."],
  ],
};

const TIMM_CONVNEXT: Layout = {
  name: "timm's ConvNeXt",
  marks: ["stem.0.weight", "stages.0.blocks.0.conv_dw.weight"],
  rules: [[/^head[.]norm[.]/, "norm."], CLASSIFIER],
};

const AUTHORS_CONVNEXT: Layout = {
  name: "ConvNeXt as its authors write it",
  marks: ["downsample_layers.0.0.weight", "stages.0.0.dwconv.weight"],
  rules: [
    [/^downsample_layers[.]0[.]([01])[.]/, "stem.$1."],
    [/^downsample_layers[.]([123])[.]([01])[.]/, "stages.$1.downsample.$2."],
    [/^stages[.](\d)[.](\d+)[.]dwconv[.]/, "stages.$1.blocks.$2.conv_dw."],
    [/^stages[.](\d)[.](\d+)[.]pwconv([12])[.]/, "stages.$1.blocks.$2.mlp.fc$3."],
    [/^stages[.](\d)[.](\d+)[.](norm[.]|gamma$)/, "stages.$1.blocks.$2.$3"],
    CLASSIFIER,
  ],
};

const HF_CONVNEXT: Layout = {
  name: "Hugging Face's ConvNeXt",
  marks: ["embeddings.patch_embeddings.weight", "encoder.stages.0.layers.0.dwconv.weight"],
  rules: [
    [/^embeddings[.]patch_embeddings[.]/, "stem.0."],
    [/^embeddings[.]layernorm[.]/, "stem.1."],
    [/^encoder[.]stages[.](\d)[.]downsampling_layer[.]([01])[.]/, "stages.$1.downsample.$2."],
    [/^encoder[.]stages[.](\d)[.]layers[.](\d+)[.]dwconv[.]/, "stages.$1.blocks.$2.conv_dw."],
    [/^encoder[.]stages[.](\d)[.]layers[.](\d+)[.]layernorm[.]/, "stages.$1.blocks.$2.norm."],
    [/^encoder[.]stages[.](\d)[.]layers[.](\d+)[.]pwconv([12])[.]/, "stages.$1.blocks.$2.mlp.fc$3."],
    [/^encoder[.]stages[.](\d)[.]layers[.](\d+)[.]layer_scale_parameter$/, "stages.$1.blocks.$2.gamma"],
    [/^layernorm[.]/, "norm."],
  ],
};

const TORCHVISION_MOBILENET_V3: Layout = {
  name: "torchvision's MobileNetV3",
  marks: ["features.0.0.weight", "features.1.block.0.0.weight"],
  rules: [
    [/^classifier[.]0[.]/, "pre_logits."],
    [/^classifier[.]3[.]/, "fc."],
  ],
};

const HF_RESNET: Layout = {
  name: "Hugging Face's ResNet",
  marks: ["embedder.embedder.convolution.weight", "encoder.stages.0.layers.0.layer.0.convolution.weight"],
  rules: [
    [/^embedder[.]embedder[.]convolution[.]/, "conv1."],
    [/^embedder[.]embedder[.]normalization[.]/, "bn1."],
    ...["convolution", "normalization"].map((kind, part): Rule => {
      const own = part === 0 ? "conv" : "bn";
      return [
        new RegExp(`^encoder[.]stages[.](\\d)[.]layers[.](\\d+)[.]layer[.](\\d)[.]${kind}[.]`),
        (stage, block, at) => `layer${Number(stage) + 1}.${block}.${own}${Number(at) + 1}.`,
      ];
    }),
    ...["convolution", "normalization"].map((kind, part): Rule => [
      new RegExp(`^encoder[.]stages[.](\\d)[.]layers[.](\\d+)[.]shortcut[.]${kind}[.]`),
      (stage, block) => `layer${Number(stage) + 1}.${block}.downsample.${part}.`,
    ]),
  ],
};

export const LAYOUTS: readonly Layout[] = [
  TIMM_TRANSFORMER,
  OPENAI_CLIP,
  HF_CLIP,
  HF_SIGLIP,
  ...HF_VIT,
  HF_DINOV2,
  TORCHVISION_VIT,
  TORCHVISION_CONVNEXT,
  TIMM_CONVNEXT,
  AUTHORS_CONVNEXT,
  HF_CONVNEXT,
  TORCHVISION_MOBILENET_V3,
  HF_RESNET,
];

/** The text towers of CLIP; the projections that follow them may stand elsewhere. */
export const TEXT_LAYOUTS: readonly Layout[] = [OPENAI_TEXT, HF_TEXT];

/** Queries, keys and values that lie in tensors of their own. */
function joinedRules(prefix: string, names: readonly string[]): Rule[] {
  return names.map((name, index) => [
    new RegExp(`^${prefix}[.]${name}[.](weight|bias)$`),
    `blocks.$1.attn.qkv.$2@${index}`,
  ]);
}
