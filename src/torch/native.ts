/**
 * The addon and how it is loaded: on the first use of a tensor, never on import, so that commands which need no
 * tensor start at once.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { buildAddon, locateAddon, type AddonLocation } from "../libtorch/addon.js";
import { engineForUse } from "../libtorch/first-use.js";
import { type EngineLocation, findEngine } from "../libtorch/locate.js";
import { DataError, EngineError } from "../support/errors.js";
import { FreedTensorError, NativeError, TorchError } from "./errors.js";
import { OPERATORS } from "./operator-names.generated.js";

/** A tensor as the addon knows it: a slot and its generation; 0 is no tensor. */
export type Handle = number;
type AnyTypedArray = ArrayBufferView;

/**
 * Who computes what native/kernels has a kernel for: see setKernels in settings.ts.
 *
 * @example
 * await train(recipe, { out: "runs/plain", kernels: "libtorch" satisfies KernelChoice });
 */
export type KernelChoice = "own" | "libtorch" | "always";

/**
 * What the loaded libtorch says of itself.
 *
 * @example
 * const { version, cudaDevices, threads }: EngineInfo = await engineInfo();
 */
export interface EngineInfo {
  readonly version: string;
  readonly cudaDevices: number;
  readonly onednn: boolean;
  readonly threads: number;
  readonly deterministic: boolean;
  /** Vector instructions in use: DEFAULT, AVX2 or AVX512. */
  readonly cpuCapability: string;
}

/** What native/torch exports; native/vision adds its own part, typed in src/data. */
export interface NativeAddon {
  setErrorTypes(types: Record<string, new (message: string) => Error>): void;
  registerOperators(names: readonly string[]): void;
  describeOperator(name: string): OperatorDescription;
  call: (operator: number, ...args: unknown[]) => unknown;

  copyIn(data: AnyTypedArray, shape: readonly number[], dtype: string): Handle;
  borrow(data: AnyTypedArray, shape: readonly number[], dtype: string): Handle;
  copyOut(tensor: Handle, data: AnyTypedArray): void;
  shape(tensor: Handle): number[];
  dtype(tensor: Handle): string;
  device(tensor: Handle): string;
  elements(tensor: Handle): number;
  requiresGrad(tensor: Handle): boolean;
  isLeaf(tensor: Handle): boolean;
  isChannelsLast(tensor: Handle): boolean;
  item(tensor: Handle): number;
  release(handles: Float64Array, count: number): void;
  isAlive(tensor: Handle): boolean;
  liveTensors(): number;

  backward(tensors: readonly Handle[], gradients: readonly Handle[] | null, retainGraph: boolean): void;
  grad(
    outputs: readonly Handle[],
    inputs: readonly Handle[],
    gradients: readonly Handle[] | null,
    retainGraph: boolean,
    createGraph: boolean,
    allowUnused: boolean,
  ): (Handle | null)[];
  setRequiresGrad(tensor: Handle, on: boolean): void;
  gradient(tensor: Handle): Handle | null;
  gradients(tensors: readonly Handle[]): (Handle | null)[];
  setGradient(tensor: Handle, gradient: Handle | null): void;
  clearGradients(tensors: readonly Handle[]): void;
  setGradMode(on: boolean): boolean;

  philoxUniform(
    seed: number,
    stream: number,
    position: number,
    shape: readonly number[],
    low: number,
    high: number,
  ): Handle;
  philoxNormal(
    seed: number,
    stream: number,
    position: number,
    shape: readonly number[],
    mean: number,
    std: number,
  ): Handle;
  philoxPermutation(seed: number, stream: number, position: number, order: Int32Array): void;
  philoxBelow(seed: number, stream: number, position: number, numbers: Int32Array): void;
  manualSeed(seed: number): void;
  torchState(device: string): Handle;
  setTorchState(device: string, state: Handle): void;

  setThreads(threads: number): void;
  threads(): number;
  setDeterministic(on: boolean): void;
  setKernels(choice: KernelChoice): void;
  kernels(): KernelChoice;
  setAutocast(device: string, dtype: string | null): string | null;
  takeWarnings(): string[];
  engineInfo(): EngineInfo;
}

/** An operator's schema as data; see scripts/generate-operators.mjs. */
export interface OperatorDescription {
  readonly schema: string;
  readonly arguments: readonly { name: string; type: string; hasDefault: boolean; supported: boolean }[];
  readonly returns: readonly { type: string; alias: boolean }[];
}

let addon: NativeAddon | undefined;
let isOpenedAhead = false;

/** The loaded addon. @throws EngineError when libtorch or the addon is missing, or libtorch has another version. */
export function native(): NativeAddon {
  addon ??= load();
  return addon;
}

/**
 * OpenMP's threads spin between operators, by default for longer than most operators take. On a machine that does
 * anything else at the same time, the spinning takes the core from the thread everyone waits for: two epochs of
 * caltech20-lt-ce took 104 s where sleeping threads took 15 s. A short spin keeps the speed of an idle machine.
 */
function shortenSpinning(): void {
  if (process.env["OMP_WAIT_POLICY"] ?? process.env["GOMP_SPINCOUNT"]) return;
  process.env["GOMP_SPINCOUNT"] = "2000";
}

/** On a GPU cuBLAS gives the same result every time only with a workspace of a fixed size, and libtorch insists on it. */
function fixCublasWorkspace(): void {
  process.env["CUBLAS_WORKSPACE_CONFIG"] ??= ":4096:8";
}

/** What the engine's libraries read as they are opened. */
function prepareEnvironment({ cuda }: EngineLocation): void {
  shortenSpinning();
  if (cuda) fixCublasWorkspace();
}

function load(): NativeAddon {
  const engine = engineForUse();
  prepareEnvironment(engine);
  const loaded = open(engine, locateAddon());
  loaded.setErrorTypes({
    TORCH: TorchError,
    FREED: FreedTensorError,
    NATIVE: NativeError,
    TYPE: TypeError,
    DATA: DataError,
  });
  loaded.registerOperators(OPERATORS);
  const kernels = process.env["LONGTAIL_KERNELS"];
  if (kernels) loaded.setKernels(kernels as KernelChoice); // throws for any other name
  return loaded;
}

/** What native/torch/preload.cpp exports. */
interface Preload {
  readonly open: (path: string) => void;
  readonly openAhead: (...paths: readonly string[]) => void;
  readonly waitForAhead: () => void;
}

const requireAddon = createRequire(import.meta.url);

function preloadOf({ folder }: AddonLocation): Preload {
  return requireAddon(join(folder, "preload.node")) as Preload;
}

/**
 * Begins to open libtorch on a thread of its own, a fifth of a second's work, for whoever needs it after other modules. Does
 * nothing where it is open already, or where something is missing or wrong: its first use says so.
 */
export function openEngineAhead(): void {
  if (addon !== undefined || isOpenedAhead) return;
  isOpenedAhead = true;
  try {
    const engine = findEngine();
    if (engine === undefined) return;
    prepareEnvironment(engine);
    const { openAhead, waitForAhead } = preloadOf(locateAddon());
    process.once("exit", waitForAhead); // a process must not end while libraries are being opened
    openAhead(...librariesOf(engine));
  } catch {
    // said by the first use
  }
}

/** Loads an addon and the libraries that it names without a path: those of the engine, and libvips. */
function open(engine: EngineLocation, location: AddonLocation): NativeAddon {
  const vips = findVips(requireAddon);
  let opened = "the addon";
  try {
    const preload = preloadOf(location);
    opened = "the engine";
    for (const library of librariesOf(engine)) preload.open(library);
    preload.open(vips);
    opened = "the addon";
    return requireAddon(join(location.folder, "longtail.node")) as NativeAddon;
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
    if (location.origin === "package" && opened === "the addon") return open(engine, buildAddon(reason));
    throw new EngineError(
      `The engine could not be loaded from ${engine.root}: ${reason}. ` +
        (location.origin === "clone"
          ? `Run "npx longtail engine install --force" to install it anew and "npm run setup" to rebuild the addon.`
          : `Run "npx longtail engine install --force" to install it anew` +
            (location.origin === "cache"
              ? `, and delete ${location.folder} to have the addon built anew.`
              : ".")),
    );
  }
}

/** libvips decodes and resizes images; npm installs it where longtail is installed on Linux, x64. */
function findVips(require: NodeJS.Require): string {
  try {
    return require.resolve("@img/sharp-libvips-linux-x64/binary");
  } catch (error) {
    throw new EngineError(
      "libvips is not installed: expected the package @img/sharp-libvips-linux-x64 beside longtail, found none. " +
        'Run "npm install" again without --omit=optional and without --no-optional',
      { cause: error },
    );
  }
}

function librariesOf({ root, cuda }: EngineLocation): string[] {
  const cpu = ["libc10.so", "libgomp.so.1", "libtorch_cpu.so"];
  return (cuda ? [...cpu, "libtorch_cuda.so"] : cpu).map((library) => join(root, "lib", library));
}
