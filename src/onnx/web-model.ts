import type { ModelMetadata } from "./metadata.js";

/** model.json of a page that `longtail export RUN --format web` writes: what the page says besides running the model. */
export interface WebModel extends Pick<ModelMetadata, "classes" | "groups" | "accuracy"> {
  readonly version: 1;
  readonly title: string;
  /** Side of the images that the network sees. */
  readonly imageSize: number;
  /** Addresses of images of each class, from the page's; none where the data was not there. */
  readonly examples: readonly (readonly string[])[];
}
