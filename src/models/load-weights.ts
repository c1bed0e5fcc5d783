import { extname } from "node:path";
import { shortened, shownValue } from "../support/budget.js";
import { CheckpointError } from "../support/errors.js";
import { InputFile } from "../torch/input-file.js";
import { ScriptObject } from "../torch/pth/globals.js";
import { Placeholder } from "../torch/pth/pickle.js";
import { isPth, readPth } from "../torch/pth/read.js";
import { readSafetensors } from "../torch/safetensors.js";
import { Tensor } from "../torch/tensor.js";
import { minOf } from "../support/math.js";
import { START_BYTES, standInOf, standInText } from "../support/stand-in.js";
import { counted } from "../support/text.js";

type State = Map<string, Tensor>;

/** Keys under which training scripts save the network's weights, in lower case: PyTorch's tutorials, torchvision, timm. */
const USUAL =
  /^(?:state_dict|model|model_state_dict|model_state|net|net_state_dict|network|network_state_dict|weights)$/i;
/** Copies of the weights that lag behind: they are taken where there is nothing else. */
const AVERAGES = /ema|average|teacher|momentum/i;
/** Dictionaries within each other that are looked through. */
const MAX_LEVELS = 3;
/** Of a TorchScript archive that are looked through; a large network has hundreds. */
const MAX_MODULES = 4096;
const MAX_LISTED = 8;

/**
 * Every tensor of a file of weights, by the name that it has there. They belong to the scope that is open. PyTorch's
 * files are known by their content, whatever they are called. `key` (pretrained.key) names a dictionary of the file, or
 * what the names of the wanted tensors begin with: "model_ema", "module.encoder_q".
 * @throws CheckpointError when the file cannot be read or is of another kind.
 */
export function loadWeights(path: string, key: string | null = null): State {
  requireContent(path);
  if (isPth(path)) return stateDictionary(readPth(path), { path, key });
  if (extname(path).toLowerCase() === ".safetensors") {
    const { tensors } = readSafetensors(path);
    return key === null ? tensors : named(key, [{ key: "", state: tensors }], path);
  }
  throw new CheckpointError(
    `${path}: expected a file of weights: one that torch.save wrote, or one that ends in .safetensors`,
  );
}

/** Refuses what downloads leave in place of a file. */
function requireContent(path: string): void {
  using file = new InputFile(path, "weights");
  const found = standInOf(file.read(Math.min(START_BYTES, file.size), 0, "its first bytes"));
  if (found !== undefined)
    throw new CheckpointError(`${path}: expected a file of weights, found ${standInText(found)}`);
}

/**
 * The tensors by name of what torch.save saved: the value itself or, in a checkpoint, its dictionary of tensors,
 * whatever key it has.
 * @throws CheckpointError that lists what the file has when there is none, or when it is not clear which.
 */
export function stateDictionary(
  saved: unknown,
  { path, key = null }: { readonly path: string; readonly key?: string | null },
): State {
  const found = [...dictionariesIn(saved instanceof ScriptObject ? new Map(tensorsOf(saved)) : saved)];
  if (found.length === 0)
    throw new CheckpointError(`${path}: expected a state dictionary of tensors, found ${describe(saved)}`);
  if (key !== null) return named(key, found, path);
  const rank = ({ key: name }: Dictionary): number => {
    if (name === "") return 0;
    if (AVERAGES.test(name)) return 2;
    return USUAL.test(name.split(".").at(-1) ?? "") || USUAL.test(name.split(".")[0] ?? "") ? 1 : 3;
  };
  const best = minOf(found.map(rank));
  const [first, ...others] = found.filter((one) => rank(one) === best);
  const plain = [first, ...others].find((one) => one?.key === "state_dict");
  if (others.length === 0 || plain !== undefined) return (plain ?? first!).state;
  throw new CheckpointError(
    `${path}: expected one state dictionary, found ${listed([first!, ...others].map((one) => one.key))}; ` +
      "pretrained.key names the one to take",
  );
}

/** The parameters and buffers of a TorchScript archive's modules, by PyTorch's names; of a module that is shared, once. */
function* tensorsOf(
  { attributes }: ScriptObject,
  prefix = "",
  seen = new Set<unknown>(),
): Generator<[string, Tensor]> {
  for (const [name, value] of attributes) {
    if (value instanceof Tensor) yield [prefix + name, value];
    if (!(value instanceof ScriptObject) || seen.has(value) || seen.size > MAX_MODULES) continue;
    seen.add(value);
    yield* tensorsOf(value, `${prefix}${name}.`, seen);
  }
}

interface Dictionary {
  /** Keys on the way to it, joined by points; empty for the file's own value. */
  readonly key: string;
  readonly state: State;
}

/** The dictionaries of tensors alone, outermost first; those that several keys share, once. */
function* dictionariesIn(saved: unknown): Generator<Dictionary> {
  const seen = new Set<unknown>();
  let level = [{ key: "", value: saved }];
  for (let depth = 0; depth <= MAX_LEVELS; depth++) {
    const next: typeof level = [];
    for (const { key, value } of level) {
      if (!(value instanceof Map) || seen.has(value)) continue;
      seen.add(value);
      if (isState(value)) yield { key, state: value };
      else
        for (const [name, inner] of value as Map<unknown, unknown>)
          if (typeof name === "string" && inner instanceof Map)
            next.push({ key: key === "" ? name : `${key}.${name}`, value: inner });
    }
    level = next;
  }
}

function isState(value: Map<unknown, unknown>): value is State {
  if (value.size === 0) return false;
  for (const [name, inner] of value) if (typeof name !== "string" || !(inner instanceof Tensor)) return false;
  return true;
}

function named(key: string, found: readonly Dictionary[], path: string): State {
  const exact = found.find((one) => one.key === key);
  if (exact !== undefined) return exact.state;
  const inside = found.map(({ state }) => [...state].filter(([name]) => name.startsWith(`${key}.`)));
  const [first = []] = inside.filter((state) => state.length > 0);
  if (first.length > 0) return new Map(first.map(([name, tensor]) => [name.slice(key.length + 1), tensor]));
  const keys = found.map((one) => one.key).filter((name) => name !== "");
  const beginnings = new Set(
    found.flatMap(({ state }) => [...state.keys()].map((name) => name.split(".")[0]!)),
  );
  throw new CheckpointError(
    `${path}: expected a dictionary of tensors, or names of tensors, under pretrained.key "${key}", ` +
      `found ${listed(keys.length > 0 ? keys : [...beginnings])}`,
  );
}

/** Runs `load`; what does not fit is reported with the file it is from, and what this one has. */
export function fitting<T>(path: string, load: () => T, names: Iterable<string> = []): T {
  try {
    return load();
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    const all = [...names];
    const has = all.length === 0 ? "" : `; the file has ${counted(all.length, "tensor")}: ${listed(all)}`;
    throw new CheckpointError(`${path} does not fit this network: ${error.message}${has}`, { cause: error });
  }
}

/** The first of some names, in quotes. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, MAX_LISTED).map((name) => JSON.stringify(shortened(name)));
  return shown.join(", ") + (names.length > MAX_LISTED ? ` and ${names.length - MAX_LISTED} more` : "");
}

/** What there is instead of a state dictionary; of a dictionary, its keys and what is under them. */
function describe(value: unknown): string {
  if (value instanceof Placeholder)
    return (
      `an object of ${value.name}, which only Python can build; nothing of it was run. ` +
      "If it is a whole model, save model.state_dict() in PyTorch instead"
    );
  if (!(value instanceof Map) || value.size === 0) return describeInside(value);
  const inside = [...(value as Map<unknown, unknown>)].slice(0, MAX_LISTED);
  const texts = inside.map(([key, inner]) => `${shownValue(key)} (${describeInside(inner)})`);
  const more = value.size > MAX_LISTED ? ` and ${value.size - MAX_LISTED} more` : "";
  return `${describeInside(value)}: ${texts.join(", ")}${more}`;
}

function describeInside(value: unknown): string {
  if (value === null) return "None";
  if (value instanceof Placeholder) return `an object of ${shortened(value.name)}`;
  return value instanceof Tensor ? "a tensor" : shownValue(value);
}
