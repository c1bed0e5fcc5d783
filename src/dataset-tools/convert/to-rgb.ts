/**
 * Red, green and blue of each pixel side by side, in new memory. `depth`: bytes a pixel, 1 (gray) or 3. "cifar": a plane a
 * color; "interleaved": the colors of a pixel side by side.
 */
export function toRgb(
  bytes: Uint8Array,
  { depth, layout, channels }: { depth: number; layout: "cifar" | "interleaved"; channels: "rgb" | "bgr" },
): Uint8Array {
  const count = bytes.length / depth;
  const [pixelStep, planeStep] = layout === "cifar" ? [1, count] : [depth, 1];
  const pixels = new Uint8Array(3 * count);
  for (let channel = 0; channel < 3; channel++) {
    const plane = depth === 1 ? 0 : channels === "rgb" ? channel : 2 - channel;
    for (let i = 0; i < count; i++) pixels[3 * i + channel] = bytes[i * pixelStep + plane * planeStep]!;
  }
  return pixels;
}
