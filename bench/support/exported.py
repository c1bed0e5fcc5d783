"""An exported model's metadata, and its preparation of images by Pillow and numpy."""
import json

import numpy as np
from PIL import Image


class Exported:
    def __init__(self, session):
        metadata = json.loads(session.get_modelmeta().custom_metadata_map["longtail"])
        self.classes = metadata["classes"]
        self.transforms = metadata["preprocessing"]["transforms"]
        self.mean = np.array(metadata["preprocessing"]["mean"], dtype=np.float32)
        self.std = np.array(metadata["preprocessing"]["std"], dtype=np.float32)

    def prepare(self, image):
        """The transforms of the model: [3, S, S]."""
        for transform in self.transforms:
            kind, size = transform["kind"], transform.get("size")
            filtering = Image.Resampling[transform.get("interpolation", "bilinear").upper()]
            if kind == "resize":
                width, height = image.size
                shorter = min(width, height)
                image = image.resize((size * width // shorter, size * height // shorter), filtering)
            elif kind == "resize-exact":
                image = image.resize((transform["width"], transform["height"]), filtering)
            elif kind == "center-crop":
                width, height = image.size
                left, upper = round((width - size) / 2), round((height - size) / 2)
                image = image.crop((left, upper, left + size, upper + size))
            else:
                raise ValueError(f"the bench knows resize, resize-exact and center-crop, found {kind}")
        pixels = (np.asarray(image, dtype=np.float32) / 255 - self.mean) / self.std
        return np.ascontiguousarray(pixels.transpose(2, 0, 1))
