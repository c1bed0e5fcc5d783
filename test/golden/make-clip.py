"""Golden values of CLIP's text side: tokens by open_clip's tokenizer with the first 1,000 merges of OpenAI's vocabulary, and the
class weights that LIFT's text initialization gives with tiny random networks of open_clip and transformers.
Run: python test/golden/make-clip.py (torch 2.11, open-clip-torch, transformers)."""
import gzip
import json
import tempfile
from pathlib import Path

import open_clip
import torch
import torch.nn.functional as F
import transformers as hf
from open_clip.tokenizer import SimpleTokenizer
from safetensors.torch import load_file, save_file

FOLDER = Path(__file__).parent
MERGES = 1000
TEXTS = [f"a photo of a {name}." for name in """
aquarium fish;apple;pickup truck;sweet pepper;maple tree;king crab;Sansevieria trifasciata;Quercus robur (English oak);
black-and-white colobus;St. Bernard;can't;they're here;Café Münster;naïve façade;7-eleven;2023;10,000 m²;snow leopard, ounce;
drake's hat;Ursus arctos  horribilis;bow tie/bow-tie;C++;5½ inches;Ζεύς;東京;мопс;ESPRESSO MAKER;x;it'll rain;o'clock;“quoted”;
e-mail@example.org;50% off;under_score;tab\tbed;Łódź;señor;coupé;I'd;we've;I'm;dog's;1st;#1;100°;smörgåsbord;jalapeño;Beyoncé
""".replace("\n", "").split(";")] + ["", " ", "a", "!!!", "itap of a big dog.", "a bad photo of the small cat."]


def tokens():
    source = Path(open_clip.__file__).parent / "bpe_simple_vocab_16e6.txt.gz"
    lines = gzip.open(source).read().decode().split("\n")[: MERGES + 1]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vocabulary.txt.gz"
        with gzip.open(path, "wb") as file:
            file.write("\n".join(lines).encode())
        short = SimpleTokenizer(str(path), context_length=77)
    full = SimpleTokenizer()
    cut = lambda tokenizer, text: [tokenizer.sot_token_id, *tokenizer.encode(text), tokenizer.eot_token_id]
    cases = [{"text": text, "tokens": cut(short, text), "full": cut(full, text)} for text in TEXTS]
    (FOLDER / "clip-tokens.json").write_text(json.dumps({"merges": lines[1:], "cases": cases}, ensure_ascii=False) + "\n")


def randomize(model):
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for tensor in model.state_dict().values():
            if tensor.dtype.is_floating_point:
                tensor.copy_(0.3 * torch.randn(tensor.shape, generator=generator))


def write(name, model, text_embedding, projection, rename=lambda key: key):
    model.eval()
    texts = torch.tensor([[38, 3, 7, 1, 39, 0, 0, 0], [38, 5, 39, 0, 0, 0, 0, 0], [38, 9, 9, 2, 30, 11, 4, 39]])
    with torch.no_grad():
        directions = F.normalize(F.normalize(text_embedding(model, texts), dim=-1) @ projection(model).T, dim=-1)
        if hasattr(model, "save_pretrained"):
            with tempfile.TemporaryDirectory() as folder:
                model.save_pretrained(folder)
                state = load_file(Path(folder) / "model.safetensors")
        else:
            state = model.state_dict()
    keep = lambda key: "visual.transformer" not in key and "vision_model" not in key and "attn_mask" not in key
    saved = {f"state/{key}": value for key, value in state.items() if keep(key)}
    saved |= {"texts": texts, "directions": directions}
    save_file({key: value.contiguous().clone() for key, value in saved.items()}, FOLDER / "networks" / f"{name}.safetensors")
    print(name, tuple(directions.shape), len(saved))


def networks():
    vision = dict(image_size=16, patch_size=4, width=16, layers=2, head_width=8)
    text = dict(context_length=8, vocab_size=40, width=16, heads=2, layers=2)
    for name, quick in (("clip-text-open-clip", False), ("clip-text-open-clip-quickgelu", True)):
        model = open_clip.model.CLIP(8, vision, text, quick_gelu=quick)
        randomize(model)
        write(name, model, lambda model, texts: model.encode_text(texts), lambda model: model.visual.proj)
    custom = open_clip.model.CustomTextCLIP(8, vision, text)
    randomize(custom)
    write("clip-text-open-clip-custom", custom, lambda model, texts: model.encode_text(texts), lambda model: model.visual.proj)
    vision = dict(image_size=16, patch_size=4, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64)
    text = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, vocab_size=40, max_position_embeddings=8, eos_token_id=39)
    model = hf.CLIPModel(hf.CLIPConfig(text_config=text, vision_config=vision, projection_dim=8))
    randomize(model)
    embedding = lambda model, texts: model.text_projection(model.text_model(input_ids=texts).pooler_output)
    write("clip-text-hf", model, embedding, lambda model: model.visual_projection.weight.T)


tokens()
networks()
