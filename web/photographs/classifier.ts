/** A class that a photograph may show. */
export interface Guess {
  readonly class: string;
  readonly index: number;
  /** From 0 to 1. */
  readonly probability: number;
}

/** What the page says of a class. */
export interface ClassFacts {
  readonly name: string;
  readonly group: "many" | "medium" | "few";
  /** Addresses of images of the class; none where there are none to show. */
  readonly examples: readonly string[];
}

/** A model to choose. */
export interface ModelFacts {
  readonly name: string;
  readonly classes: readonly ClassFacts[];
  /** On test images, in percent; null where it was not measured. */
  readonly accuracy: { readonly images: number; readonly all: number | null } | null;
}

/** What looks at photographs: a server, or the browser itself. */
export interface Classifier {
  readonly models: readonly ModelFacts[];
  /** Sentence on where photographs go. */
  readonly privacy: string;
  /** Most probable classes first. Rejects with an error whose message is for people. */
  classify(photograph: Blob, model: ModelFacts): Promise<readonly Guess[]>;
}

/** Number of classes that are shown of a photograph. */
export const SHOWN = 5;
