import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { decodedFile } from "./pixels.fixture.js";
import { temporaryFolder } from "../../src/data/testing.fixture.js";
import { vision, type RgbImage } from "../../src/data/vision.js";

function gradient(height: number, width: number, shift = 0): RgbImage {
  const pixels = Uint8Array.from({ length: height * width * 3 }, (_, i) => (i * 7 + shift) % 256);
  return { pixels, height, width };
}

function decoded(file: Uint8Array): { shape: readonly number[]; pixels: Uint8Array } {
  using folder = temporaryFolder();
  const path = join(folder.path, "image");
  writeFileSync(path, file);
  return decodedFile(path);
}

describe("encodeImages", () => {
  it("PNG keeps every pixel, for one thread and for several", () => {
    const images = [gradient(5, 3), gradient(1, 1, 9), gradient(32, 32, 100), gradient(40, 1)];
    const [one, many] = [1, 3].map((threads) => vision().encodeImages(images, "png", 95, threads));
    expect(one).toEqual(many);
    one?.forEach((file, i) => {
      const { pixels, height, width } = images[i]!;
      expect(decoded(file)).toEqual({ shape: [height, width, 3], pixels });
    });
  });

  it("JPEG is near the pixels, and nearer the higher its quality", () => {
    const smooth = { ...gradient(32, 32), pixels: Uint8Array.from({ length: 3072 }, (_, i) => i / 12) };
    const distance = (quality: number): number => {
      const [file] = vision().encodeImages([smooth], "jpeg", quality, 1);
      return (
        decoded(file!).pixels.reduce((sum, value, i) => sum + Math.abs(value - smooth.pixels[i]!), 0) / 3072
      );
    };
    expect(distance(98)).toBeLessThan(2);
    expect(distance(20)).toBeGreaterThan(distance(98));
  });

  it("refuses pixels that are not height x width x 3", () => {
    expect(() => vision().encodeImages([{ ...gradient(2, 2), height: 3 }], "png", 95, 1)).toThrow(
      "expected 18 bytes, received 12",
    );
  });
});
