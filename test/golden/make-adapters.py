"""Golden values of a training step with adapters: a tiny timm transformer with LoRA or AdaptFormer, LIFT's cosine head and
logit-adjusted loss in plain PyTorch; logits, loss and gradients, then the parameters after a step of SGD and one of AdamW.
Run: python test/golden/make-adapters.py (torch 2.11, timm)."""
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from timm.models.vision_transformer import VisionTransformer

FOLDER = Path(__file__).parent / "networks"
WIDTH, CLASSES, SCALE = 16, 3, 25.0
COUNTS = torch.tensor([50.0, 10.0, 2.0])


def drawn(shape, generator, std):
    return torch.nn.Parameter(std * torch.randn(shape, generator=generator))


class Lora(torch.nn.Module):
    """Updates of the thirds of a fused qkv, and of the MLP's second layer, with alpha 6 and rank 3."""

    def __init__(self, linear, parts, of, generator):
        super().__init__()
        self.linear, self.parts = linear, parts
        size = linear.out_features // parts
        self.updates = torch.nn.ParameterDict()
        for name in of:
            self.updates[f"{name}_A"] = drawn((3, linear.in_features), generator, 0.3)
            self.updates[f"{name}_B"] = drawn((size, 3), generator, 0.3)

    def forward(self, x):
        y = self.linear(x)
        if self.parts == 1:
            return y + 6 / 3 * (x @ self.updates["lora_A"].T) @ self.updates["lora_B"].T
        q, k, v = y.chunk(3, dim=-1)
        q = q + 6 / 3 * (x @ self.updates["lora_q_A"].T) @ self.updates["lora_q_B"].T
        v = v + 6 / 3 * (x @ self.updates["lora_v_A"].T) @ self.updates["lora_v_B"].T
        return torch.cat([q, k, v], dim=-1)


class WithBottleneck(torch.nn.Module):
    """A block with a bottleneck of 4 values beside its MLP, and a factor that is learned."""

    def __init__(self, block, generator):
        super().__init__()
        self.block = block
        self.adapter = torch.nn.ParameterDict(
            {
                "norm_weight": torch.nn.Parameter(1 + 0.1 * torch.randn(WIDTH, generator=generator)),
                "norm_bias": drawn((WIDTH,), generator, 0.1),
                "down_weight": drawn((4, WIDTH), generator, 0.3),
                "down_bias": drawn((4,), generator, 0.1),
                "up_weight": drawn((WIDTH, 4), generator, 0.3),
                "up_bias": drawn((WIDTH,), generator, 0.1),
                "scale": torch.nn.Parameter(torch.tensor([0.7])),
            }
        )

    def forward(self, x, **_):
        b, a = self.block, self.adapter
        x = x + b.attn(b.norm1(x))
        inner = F.linear(F.layer_norm(x, (WIDTH,), a["norm_weight"], a["norm_bias"]), a["down_weight"], a["down_bias"])
        return x + b.mlp(b.norm2(x)) + a["scale"] * F.linear(inner.relu(), a["up_weight"], a["up_bias"])


def own_name(name):
    """The names that longtail has for the same tensors."""
    name = name.replace(".linear.", ".").replace(".updates.lora_q_", ".lora_q.").replace(".updates.lora_v_", ".lora_v.")
    name = name.replace(".updates.lora_", ".lora.").replace(".block.", ".")
    for part in ("norm", "down", "up"):
        name = name.replace(f".adapter.{part}_", f".adapter.{part}.")
    return name


def network(kind, generator):
    model = VisionTransformer(img_size=16, patch_size=4, embed_dim=WIDTH, depth=2, num_heads=2, num_classes=0)
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            noise = torch.randn(tensor.shape, generator=generator)
            tensor.copy_(1 + 0.1 * noise if "norm" in name and name.endswith("weight") else 0.25 * noise)
    model.requires_grad_(False)
    for i, block in enumerate(model.blocks):
        if kind == "lora":
            block.attn.qkv = Lora(block.attn.qkv, 3, ("lora_q", "lora_v"), generator)
            block.mlp.fc2 = Lora(block.mlp.fc2, 1, ("lora",), generator)
        else:
            model.blocks[i] = WithBottleneck(block, generator)
    return model.eval()


def main(kind):
    def build():
        generator = torch.Generator().manual_seed(5)
        return network(kind, generator), drawn((CLASSES, WIDTH), generator, 1.0)

    generator = torch.Generator().manual_seed(11)
    x = torch.randn(4, 3, 16, 16, generator=generator)
    labels = torch.tensor([0, 2, 1, 0])
    saved = {"x": x, "labels": labels}
    optimizers = {
        "sgd": lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9, weight_decay=5e-4),
        "adamw": lambda p: torch.optim.AdamW(p, lr=0.01, weight_decay=0.05),
    }
    for name, optimizer_of in optimizers.items():
        model, head = build()
        trained = [(key, p) for key, p in model.named_parameters() if p.requires_grad]
        if name == "sgd":
            saved |= {f"start/backbone.0.{own_name(key)}": p.detach().clone() for key, p in model.state_dict().items()}
            saved["start/classifier.0.weight"] = head.detach().clone()
        optimizer = optimizer_of([p for _, p in trained] + [head])
        features = model(x)
        logits = SCALE * F.normalize(features, dim=1) @ F.normalize(head, dim=1).T
        loss = F.cross_entropy(logits + (COUNTS / COUNTS.sum()).log(), labels)
        loss.backward()
        named = [(f"backbone.0.{own_name(key)}", p) for key, p in trained] + [("classifier.0.weight", head)]
        if name == "sgd":
            saved |= {"logits": logits.detach(), "loss": loss.detach()}
            saved |= {f"gradient/{key}": p.grad.clone() for key, p in named}
        optimizer.step()
        saved |= {f"{name}/{key}": p.detach().clone() for key, p in named}
    save_file({key: value.contiguous().clone() for key, value in saved.items()}, FOLDER / f"adapter-{kind}.safetensors")
    print(kind, float(loss), len(saved))


for kind in ("lora", "adaptformer"):
    main(kind)
