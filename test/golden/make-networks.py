"""Golden values of pretrained networks' layouts: tiny networks of the libraries themselves with random weights, their features
for a made image and the gradients of a made loss. Run: python test/golden/make-networks.py (torch 2.11, torchvision, timm,
transformers, open-clip-torch)."""
import tempfile
from functools import partial
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

FOLDER = Path(__file__).parent / "networks"


def randomize(model):
    """Random weights that use every part: norms and scales are not 1, biases not 0."""
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if not tensor.dtype.is_floating_point:
                continue
            noise = torch.randn(tensor.shape, generator=generator)
            if name.endswith("running_var"):
                tensor.copy_(1 + 0.5 * torch.rand(tensor.shape, generator=generator))
            elif tensor.ndim >= 2 and "embed" not in name and "token" not in name:
                fan_in = tensor[0].numel()
                tensor.copy_(noise / fan_in**0.5)
            elif name.endswith(("norm.weight", "norm1.weight", "norm2.weight", "ln_1.weight", "ln_2.weight", "ln.weight")):
                tensor.copy_(1 + 0.1 * noise)
            else:
                tensor.copy_(0.3 * noise)


def write(name, model, features, side, train=False):
    randomize(model)
    model = model.float().train(train)
    for parameter in model.parameters():
        parameter.requires_grad_()
        parameter.grad = None
    generator = torch.Generator().manual_seed(11)
    x = torch.randn(2, 3, side, side, generator=generator, requires_grad=True)
    before = {key: value.detach().clone() for key, value in model.state_dict().items()}
    out = features(model, x)
    weight = torch.randn(out.shape, generator=generator)
    (out * weight).sum().backward()
    tensors = {f"state/{key}": value for key, value in before.items() if not key.startswith(("text", "transformer", "token_embedding"))}
    for key, parameter in model.named_parameters():
        if parameter.grad is not None:
            tensors[f"gradient/{key}"] = parameter.grad
    if hasattr(model, "save_pretrained"):
        # Files have other names than the modules in memory, and are what people have.
        with tempfile.TemporaryDirectory() as folder:
            model.save_pretrained(folder)
            files = load_file(Path(folder) / "model.safetensors")
        tensors |= {f"file/{key}": value for key, value in files.items() if not key.startswith("text")}
    tensors |= {"x": x.detach(), "weight": weight, "features": out.detach(), "gradient-of-x": x.grad}
    FOLDER.mkdir(exist_ok=True)
    save_file({key: value.contiguous().clone() for key, value in tensors.items()}, FOLDER / f"{name}.safetensors")
    print(name, tuple(out.shape), len(tensors))


def timm_transformer(**options):
    from timm.models.vision_transformer import VisionTransformer

    return VisionTransformer(patch_size=4, embed_dim=16, depth=2, num_heads=2, num_classes=3, **options)


def timm_features(model, x):
    return model.forward_head(model.forward_features(x), pre_logits=True)


def main():
    import open_clip
    import timm.models.convnext
    import torchvision.models as tv
    import transformers as hf
    from torchvision.models.convnext import CNBlockConfig, ConvNeXt
    from torchvision.models.mobilenetv3 import InvertedResidualConfig, MobileNetV3

    write("timm-vit", timm_transformer(img_size=16), timm_features, 16)
    write("timm-dinov2-registers", timm_transformer(img_size=16, reg_tokens=4, no_embed_class=True, init_values=0.1), timm_features, 16)
    write("timm-vit-larger-image", timm_transformer(img_size=16, dynamic_img_size=True), timm_features, 24)
    write("timm-vit-smaller-image", timm_transformer(img_size=24, dynamic_img_size=True), timm_features, 16)
    shape = dict(image_size=16, patch_size=4, hidden_size=16, num_hidden_layers=2, num_attention_heads=2)
    hf_class = lambda model, x: model(pixel_values=x).last_hidden_state[:, 0]
    write("hf-vit", hf.ViTModel(hf.ViTConfig(**shape, intermediate_size=64)), hf_class, 16)
    write("hf-dinov2", hf.Dinov2Model(hf.Dinov2Config(**shape, mlp_ratio=4)), hf_class, 16)
    write("hf-dinov2-registers", hf.Dinov2WithRegistersModel(hf.Dinov2WithRegistersConfig(**shape, mlp_ratio=4, num_register_tokens=4)), hf_class, 16)
    text = dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64, vocab_size=40, max_position_embeddings=8)
    clip = hf.CLIPModel(hf.CLIPConfig(text_config=text, vision_config={**shape, "intermediate_size": 64}, projection_dim=8))
    write("hf-clip", clip, lambda model, x: model.vision_model(pixel_values=x).pooler_output, 16)
    siglip = hf.SiglipVisionModel(hf.SiglipVisionConfig(**shape, intermediate_size=64))
    write("hf-siglip", siglip, lambda model, x: model(pixel_values=x).pooler_output, 16)
    siglip = dict(class_token=False, global_pool="map", act_layer="gelu_tanh")
    write("timm-siglip", timm_transformer(img_size=16, **siglip), timm_features, 16)
    write("timm-siglip-smaller-image", timm_transformer(img_size=24, dynamic_img_size=True, **siglip), timm_features, 16)
    vision = dict(image_size=16, patch_size=4, width=16, layers=2, head_width=8)
    text = dict(context_length=8, vocab_size=40, width=16, heads=2, layers=1)
    for name, quick in (("open-clip", False), ("open-clip-quickgelu", True)):
        model = open_clip.model.CLIP(8, vision, text, quick_gelu=quick)
        def features(model, x):
            visual = model.visual
            kept = []
            handle = visual.ln_post.register_forward_hook(lambda _m, _i, out: kept.append(out))
            visual(x)
            handle.remove()
            return kept[0] if kept[0].ndim == 2 else kept[0][:, 0]

        write(name, model, features, 16)
    vit = tv.VisionTransformer(image_size=16, patch_size=4, num_layers=2, num_heads=2, hidden_dim=16, mlp_dim=64, num_classes=3)
    vit.heads = torch.nn.Identity()
    write("torchvision-vit", vit, lambda model, x: model(x), 16)
    blocks = [CNBlockConfig(8, 12, 1), CNBlockConfig(12, 16, 2), CNBlockConfig(16, 20, 1), CNBlockConfig(20, None, 1)]
    write("torchvision-convnext", ConvNeXt(blocks, num_classes=3), lambda m, x: m.classifier[:2](m.avgpool(m.features(x))), 32)
    timm_convnext = timm.models.convnext.ConvNeXt(depths=(1, 2, 1, 1), dims=(8, 12, 16, 20), num_classes=3)
    write("timm-convnext", timm_convnext, timm_features, 32)
    config = hf.ConvNextConfig(hidden_sizes=[8, 12, 16, 20], depths=[1, 2, 1, 1])
    write("hf-convnext", hf.ConvNextModel(config), lambda m, x: m(pixel_values=x).pooler_output, 32)
    conf = partial(InvertedResidualConfig, dilation=1, width_mult=1.0)
    settings = [
        conf(16, 3, 16, 16, True, "RE", 2),
        conf(16, 3, 24, 8, False, "RE", 2),
        conf(8, 5, 32, 8, True, "HS", 1),
        conf(8, 5, 32, 16, True, "HS", 2),
    ]
    mobile = MobileNetV3(settings, last_channel=40, num_classes=3)
    penultimate = lambda m, x: m.classifier[:2](torch.flatten(m.avgpool(m.features(x)), 1))
    write("torchvision-mobilenet-v3", mobile, penultimate, 32)
    write("torchvision-mobilenet-v3-training", mobile, penultimate, 64, train=True)
    script()


class Tower(torch.nn.Module):
    """A model as OpenAI publishes CLIP: a TorchScript archive in half precision."""

    def __init__(self, visual):
        super().__init__()
        self.visual = visual
        self.register_buffer("input_resolution", torch.tensor(16))
        self.logit_scale = torch.nn.Parameter(torch.tensor(1.0))

    def forward(self, x):
        return self.visual(x)


def script():
    import open_clip

    model = open_clip.model.CLIP(
        8,
        dict(image_size=16, patch_size=4, width=16, layers=2, head_width=8),
        dict(context_length=8, vocab_size=40, width=16, heads=2, layers=1),
        quick_gelu=True,
    ).eval()
    randomize(model)
    tower = Tower(model.visual)
    traced = torch.jit.trace(tower, torch.zeros(1, 3, 16, 16), check_trace=False).half()
    traced.save(str(FOLDER / "openai-clip.pt"))
    state = {key: value.contiguous().clone() for key, value in traced.state_dict().items()}
    save_file(state, FOLDER / "openai-clip.safetensors")


if __name__ == "__main__":
    main()
