import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Pixels } from "../data/dataset.js";
import type { EncodeJpeg } from "../data/heic-file.js";
import type { NormalizationFactors } from "../data/normalization-factors.js";
import type { ModelMetadata } from "../onnx/metadata.js";
import { DataError, LongtailError } from "../support/errors.js";
import { userCacheFolder } from "../support/paths.js";
import type { Backbone } from "./backbone.js";

/** What vision.node exports. */
interface VisionAddon {
  setErrorTypes(types: Record<string, new (message: string) => Error>): void;
  /** For each image its values, or what is wrong with it. */
  prepareImages(
    pixels: Pixels,
    transforms: ModelMetadata["preprocessing"]["transforms"],
    planes: Planes | null,
    threads: number,
  ): Promise<(PreparedPixels | string)[]>;
  readonly encodeImages: EncodeJpeg;
  /** A network by its number; null where this processor has no kernels for it. */
  openNetwork(backbone: Backbone, threads: number, waitsBusily: boolean): number | null;
  /** Computes the features, float32 [N, F], of images, float32 [N, channels, height, width]. */
  runNetwork(id: number, images: Float32Array, features: Float32Array): void;
  closeNetwork(id: number): void;
}

export interface PreparedPixels {
  /** uint8 [H, W, 3]; none where the values were normalized into their target. */
  readonly data?: Uint8Array;
  readonly height: number;
  readonly width: number;
}

/** How images are normalized, and the memory of each: float32 [3, H, W]; not written to where the image is of another size. */
export interface Planes extends NormalizationFactors {
  readonly targets: readonly Float32Array[];
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const require = createRequire(import.meta.url);
const FILE = "vision.node";
const PREFIX = "Images cannot be decoded";
/** The addon, or why there is none, so that a build that fails is not tried again. */
let loaded: VisionAddon | LongtailError | undefined;

/**
 * The addon that decodes images and computes networks for phones, loaded at its first use: the clone's, the package's, or, where that
 * does not fit the machine, one that is built here, once, into the user's cache. LONGTAIL_INSTALL=never forbids building.
 *
 * @throws LongtailError that says what is missing.
 */
export function visionAddon(): VisionAddon {
  loaded ??= loadedOrError();
  if (loaded instanceof LongtailError) throw loaded;
  return loaded;
}

function loadedOrError(): VisionAddon | LongtailError {
  try {
    return load();
  } catch (error) {
    if (error instanceof LongtailError) return error;
    throw error;
  }
}

function load(): VisionAddon {
  const vips = libvips();
  const [clone, packaged] = [join(root, "build"), join(root, "prebuilds", "linux-x64")];
  if (existsSync(join(clone, FILE))) return open(clone, vips);
  if (!existsSync(join(packaged, FILE)))
    throw new LongtailError(
      `${PREFIX}: expected ${FILE} in ${clone} or ${packaged}, found none. In a clone, run "npm run setup"; elsewhere, install the ` +
        "package longtail again.",
    );
  const cache = builtFolder(packaged);
  if (existsSync(join(cache, FILE))) return open(cache, vips);
  try {
    return open(packaged, vips);
  } catch (error) {
    build(cache, error as LongtailError);
    return open(cache, vips);
  }
}

function libvips(): string {
  try {
    return require.resolve("@img/sharp-libvips-linux-x64/binary");
  } catch (error) {
    throw new LongtailError(
      `${PREFIX}: expected the package @img/sharp-libvips-linux-x64, which npm installs beside longtail on Linux, x64, unless told ` +
        "--omit=optional, found none. Elsewhere, export the model with --input pixels and have another program decode.",
      { cause: error },
    );
  }
}

/** @throws LongtailError with the linker's reason. */
function open(folder: string, vips: string): VisionAddon {
  try {
    const { open: preload } = require(join(folder, "preload.node")) as { open: (path: string) => void };
    preload(vips);
    const vision = require(join(folder, FILE)) as VisionAddon;
    vision.setErrorTypes({ NATIVE: LongtailError, TYPE: TypeError, DATA: DataError });
    return vision;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    throw new LongtailError(`${PREFIX}: ${join(folder, FILE)} could not be loaded: ${reason}`, {
      cause: error,
    });
  }
}

/** One folder for each state of the sources, so that versions of longtail stand side by side. */
function builtFolder(packaged: string): string {
  const { key } = JSON.parse(readFileSync(join(packaged, "addon.json"), "utf8")) as { readonly key: string };
  return join(userCacheFolder(), `vision-${key}`);
}

/** Builds the addon; all that the compiler says goes to stderr. @throws LongtailError when it cannot be built. */
function build(folder: string, doesNotFit: LongtailError): void {
  if (process.env["LONGTAIL_INSTALL"] === "never") throw doesNotFit;
  process.stderr.write(`${doesNotFit.message}; building it for this machine, once, takes a minute or two\n`);
  const script = join(root, "scripts", "build-addon.mjs");
  const { status, error } = spawnSync(process.execPath, [script, folder, "--vision"], {
    stdio: ["ignore", 2, 2],
  });
  if (status !== 0)
    throw new LongtailError(
      `${doesNotFit.message}, and it could not be built here: ${error?.message ?? "see above"}`,
      { cause: doesNotFit },
    );
}
