import type { TransformSpec } from "../../recipes/schema.js";
import { arange } from "../../torch/create.js";
import { cat, where } from "../../torch/operators.generated.js";
import { keep, scope } from "../../torch/scope.js";
import type { Tensor } from "../../torch/tensor.js";
import type { Dataset } from "../dataset.js";

/** Transforms that move pixels or blacken them: a device does them to a whole batch, to the byte as native/vision does. */
export type DeviceTransform = Extract<TransformSpec, { kind: "random-crop" | "horizontal-flip" | "cutout" }>;

/**
 * Cuts a pipeline in two: what the threads do, and the transforms at its end that are left to the device. The threads draw
 * the random numbers of these as well, each image's from its own stream, so that the images do not depend on the cut.
 * A crop is left to the device where it is the size of the images that are in memory, and nothing but such transforms
 * comes before it. (CIFAR's crop and flip; with AutoAugment between them and Cutout, Cutout alone.)
 */
export function splitForDevice(
  transforms: readonly TransformSpec[],
  { dataset, imageSize }: { readonly dataset: Pick<Dataset, "pixels">; readonly imageSize: number },
): { first: readonly TransformSpec[]; onDevice: readonly DeviceTransform[] } {
  const { pixels } = dataset;
  const cropped =
    pixels.kind === "packed" &&
    pixels.height === imageSize &&
    pixels.width === imageSize &&
    transforms.every((one) => isForDevice(one) && (one.kind !== "random-crop" || one.size === imageSize));
  const last = transforms.findLastIndex(
    (one) => !isForDevice(one) || (one.kind === "random-crop" && !cropped),
  );
  return { first: transforms.slice(0, last + 1), onDevice: transforms.slice(last + 1).filter(isForDevice) };
}

function isForDevice(transform: TransformSpec): transform is DeviceTransform {
  const { kind } = transform;
  return kind === "random-crop" || kind === "horizontal-flip" || kind === "cutout";
}

/**
 * images uint8 [V·N, 3, S, S] in channels_last → the same after each view's transforms, on their device.
 * drawn: int32 [V·N, numbers], what native/vision drew for the transforms of the image's view, one after the other.
 */
export function transformOnDevice(
  images: Tensor,
  { views, drawn }: { views: readonly (readonly DeviceTransform[])[]; drawn: Tensor },
): Tensor {
  using _ = scope();
  const count = images.shape[0]! / views.length;
  const made = views.map((transforms, view) => {
    const part = (all: Tensor): Tensor => (views.length === 1 ? all : all.narrow(0, view * count, count));
    return transforms.length === 0
      ? part(images)
      : fetched(part(images), sources(part(drawn), transforms, images));
  });
  return keep(made.length === 1 ? made[0]! : cat(made));
}

/** Where each pixel of the results comes from. */
interface Sources {
  readonly rows: Tensor; // int32 [N or 1, S, 1]
  readonly columns: Tensor; // int32 [N or 1, 1, S]
  readonly moved: boolean; // false where every pixel comes from its own place
  readonly black: Tensor | null; // bool [N, S, S], or 1 where it is the same for all: pixels that come from nowhere
}

/** Followed back from the last transform's result to the first one's image, so that pixels are moved once. */
function sources(drawn: Tensor, transforms: readonly DeviceTransform[], { shape, device }: Tensor): Sources {
  const side = shape[3]!;
  const along = arange(side, { dtype: "int32", device });
  const [rows, columns] = [along.view([1, side, 1]), along.view([1, 1, side])];
  let found: Sources = { rows, columns, moved: false, black: null };
  let next = transforms.map(numbersOf).reduce((sum, one) => sum + one, 0);
  for (const transform of transforms.toReversed()) {
    next -= numbersOf(transform);
    const first = next;
    found = before(found, transform, { side, number: (i) => drawn.narrow(1, first + i, 1).unsqueeze(2) });
  }
  return found;
}

/** How many numbers native/vision draws for an image. */
function numbersOf(transform: DeviceTransform): number {
  switch (transform.kind) {
    case "random-crop":
      return 2; // the window's top and left
    case "horizontal-flip":
      return 1; // 1 for a flip
    case "cutout":
      return 2 * transform.holes; // row and column of each middle
    default:
      return transform satisfies never;
  }
}

/** The sources in the image before a transform of those in the image after it. number(i): int32 [N, 1, 1], its i-th number. */
function before(
  { rows, columns, moved, black }: Sources,
  transform: DeviceTransform,
  { side, number }: { side: number; number: (i: number) => Tensor },
): Sources {
  const or = (known: Tensor | null, more: Tensor): Tensor => known?.logicalOr(more) ?? more;
  switch (transform.kind) {
    case "random-crop": {
      const [top, left] = [rows.add(number(0)), columns.add(number(1))];
      const outside = (places: Tensor): Tensor => places.lt(0n).logicalOr(places.ge(BigInt(side)));
      return { rows: top, columns: left, moved: true, black: or(or(black, outside(top)), outside(left)) };
    }
    case "horizontal-flip": {
      const mirrored = columns.neg().add(BigInt(side - 1));
      return { rows, columns: where(number(0).ne(0n), mirrored, columns), moved: true, black };
    }
    case "cutout": {
      const half = BigInt(Math.floor(transform.size / 2));
      const near = (distance: Tensor): Tensor => distance.ge(-half).logicalAnd(distance.lt(half));
      const holes = Array.from({ length: transform.holes }, (_, hole) =>
        near(rows.sub(number(2 * hole))).logicalAnd(near(columns.sub(number(2 * hole + 1)))),
      );
      return { rows, columns, moved, black: holes.reduce(or, black) };
    }
    default:
      return transform satisfies never;
  }
}

/** images [N, 3, S, S] in channels_last, pixel by pixel from where it is said. */
function fetched(images: Tensor, { rows, columns, moved, black }: Sources): Tensor {
  const [count = 0, channels = 0, side = 0] = images.shape;
  let pixels = images.permute([0, 2, 3, 1]); // [N, S, S, 3]
  if (moved) {
    const inside = (places: Tensor): Tensor => places.clamp({ min: 0n, max: BigInt(side - 1) }); // outside is black
    const place = inside(rows).mul(BigInt(side)).add(inside(columns)).to({ dtype: "int64" });
    const index = place
      .expand([count, side, side])
      .reshape([count, side * side, 1])
      .expand([-1, -1, channels]);
    pixels = pixels
      .reshape([count, side * side, channels])
      .gather(1, index)
      .view([count, side, side, channels]);
  }
  if (black !== null) pixels = pixels.maskedFill(black.unsqueeze(3), 0n);
  return pixels.permute([0, 3, 1, 2]);
}
