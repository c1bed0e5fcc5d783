import type { TransformSpec } from "../../recipes/schema.js";

/** Which transforms do the same to an image every time, and draw no random numbers. */
const isFixed: Record<TransformSpec["kind"], boolean> = {
  resize: true,
  "resize-exact": true,
  "center-crop": true,
  operation: true,
  "random-crop": false,
  "horizontal-flip": false,
  "random-resized-crop": false,
  "color-jitter": false,
  grayscale: false,
  "gaussian-blur": false,
  "auto-augment": false,
  "rand-augment": false,
  "trivial-augment": false,
  cutout: false,
};

type Pipeline = readonly TransformSpec[];

/** What all views begin with and is the same every time, and what is left of each. */
export function withoutFixedStart(views: readonly Pipeline[]): { fixed: Pipeline; rest: Pipeline[] } {
  const [first = [], ...others] = views;
  const end = first.findIndex(
    (transform, place) =>
      !isFixed[transform.kind] ||
      others.some((view) => JSON.stringify(view[place]) !== JSON.stringify(transform)),
  );
  const length = end === -1 ? first.length : end;
  return { fixed: first.slice(0, length), rest: views.map((view) => view.slice(length)) };
}
