"""The one transform that torchvision lacks."""
import numpy as np


class Cutout:
    """A square of zeros (DeVries and Taylor 2017), on the tensor, as training code commonly has it."""

    def __init__(self, size):
        self.size = size

    def __call__(self, image):
        height, width = image.shape[1:]
        y, x = np.random.randint(height), np.random.randint(width)
        top, left = max(0, y - self.size // 2), max(0, x - self.size // 2)
        image[:, top : y + self.size // 2, left : x + self.size // 2] = 0
        return image
