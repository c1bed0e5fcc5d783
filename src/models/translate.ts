/** Files of weights in the layouts of other programs, under the networks' own names. */
import { CheckpointError } from "../support/errors.js";
import { zeros } from "../torch/create.js";
import { cat } from "../torch/operators.generated.js";
import type { Tensor } from "../torch/tensor.js";
import { type Layout, LAYOUTS, type Rule } from "./layouts.js";
import { resamplingMatrix } from "./position-embedding.js";
import { withoutFollowers } from "./state-names.js";

type State = Map<string, Tensor>;

/** A file's tensors under the network's own names. */
export interface Translated {
  readonly state: State;
  /** Where the names are from, for people; null where they are the network's own already. */
  readonly layout: string | null;
  /** Tensors of the file that a tensor of `state` was made of, where it is not one of the file's. */
  readonly sources: Map<Tensor, Tensor[]>;
}

/** Names of an ensemble's experts, which longtail wrote itself. */
const ENSEMBLE = /^(?:(?:module|_orig_mod|model)[.])*(?:backbone[.]\d+|trunk[.][^.]+)[.]/;

/**
 * The tensors under the network's own names, as far as their layout is known; those of a text tower and the like are left
 * out.
 * @throws CheckpointError for a file that has several networks of a layout.
 */
export function translated(found: State, layouts: readonly Layout[] = LAYOUTS): Translated {
  const unchanged = { state: found, layout: null, sources: new Map<Tensor, Tensor[]>() };
  if ([...found.keys()].some((name) => ENSEMBLE.test(name))) return unchanged;
  const matches = layouts.flatMap((layout) =>
    prefixesOf(layout, found).map((prefix) => ({ layout, prefix })),
  );
  const [first, ...others] = matches;
  if (first === undefined) return unchanged;
  const leaders = withoutFollowers(matches.map(({ prefix }) => prefix));
  const [prefix = "", second] = others.length === 0 ? [first.prefix] : leaders;
  if (second !== undefined)
    throw new CheckpointError(
      `it is there more than once, as ${prefix}… and ${second}…; pretrained.key names the one to take`,
    );
  const { layout } = matches.find((match) => match.prefix === prefix)!;
  const inside = new Map(
    [...found].flatMap(([name, tensor]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), tensor]] : [],
    ),
  );
  return { layout: layout.name, ...shaped(joined(renamedBy(layout.rules, inside))) };
}

function prefixesOf({ marks: [mark, other] }: Layout, found: State): string[] {
  return [...found.keys()].flatMap((name) => {
    if (!name.endsWith(mark)) return [];
    const prefix = name.slice(0, name.length - mark.length);
    return (prefix === "" || prefix.endsWith(".")) && found.has(prefix + other) ? [prefix] : [];
  });
}

function renamedBy(rules: readonly Rule[], state: State): State {
  return new Map(
    [...state].flatMap(([name, tensor]): [string, Tensor][] => {
      const rule = rules.find(([pattern]) => pattern.test(name));
      if (rule === undefined) return [[name, tensor]];
      const [pattern, own] = rule;
      if (own === null) return [];
      if (typeof own === "string") return [[name.replace(pattern, own), tensor]];
      return [[name.replace(pattern, (_all, ...groups: string[]) => own(...groups)), tensor]];
    }),
  );
}

/** Tensors that are parts of one, put together; the new ones' sources. */
function joined(state: State): { readonly state: State; readonly sources: Map<Tensor, Tensor[]> } {
  const whole: State = new Map();
  const parts = new Map<string, Tensor[]>();
  for (const [name, tensor] of state) {
    const [, own = "", part = ""] = /^(.*)@(\d)$/.exec(name) ?? [];
    if (part === "") whole.set(name, tensor);
    else (parts.get(own) ?? parts.set(own, []).get(own)!)[Number(part)] = tensor;
  }
  const sources = new Map<Tensor, Tensor[]>();
  for (const [name, tensors] of parts) {
    const all = cat(tensors.flat()); // without holes, where one of them has no bias
    whole.set(name, all);
    sources.set(all, tensors.flat());
  }
  return { state: whole, sources };
}

type Sourced = Pick<Translated, "state" | "sources">;

function change({ state, sources }: Sourced, name: string, changed: (tensor: Tensor) => Tensor): void {
  const before = state.get(name);
  if (before === undefined) return;
  const after = changed(before);
  if (after === before) return;
  state.set(name, after);
  sources.set(after, sources.get(before) ?? [before]);
}

/** Tensors in the shapes that the networks have here. */
function shaped(found: Sourced): Sourced {
  const flat = (gamma: Tensor): Tensor => (gamma.shape.length === 3 ? gamma.reshape([gamma.size]) : gamma);
  for (const name of found.state.keys()) if (name.endsWith(".gamma")) change(found, name, flat);
  change(found, "cls_token", (token) =>
    token.shape.length === 1 ? token.reshape([1, 1, token.size]) : token,
  );
  if (found.state.has("cls_token")) change(found, "pos_embed", withClassPosition);
  else change(found, "pos_embed", withImage);
  return found;
}

/**
 * Gives a vision transformer's position embeddings the size that `own` has. Returns what is to be said of it; nothing where
 * they have it already.
 */
export function resizePositions(found: Sourced, own: State): string[] {
  const notes: string[] = [];
  const wanted = [...own].find(([name]) => /(?:^|[.])pos_embed$/.test(name))?.[1];
  change(found, "pos_embed", (positions) => {
    const [from, to] = [sideOf(positions), wanted && sideOf(wanted)];
    if (from === null || !to || from === to) return positions;
    notes.push(`its position embeddings of ${from} x ${from} patches were resampled to ${to} x ${to}`);
    return resampled(positions, from, to);
  });
  return notes;
}

/** [T, D] or [1, T, D] → [1, T, D] */
const withImage = (positions: Tensor): Tensor =>
  positions.shape.length === 2 ? positions.unsqueeze(0) : positions;

/** [T, D] or [1, T, D] → [1, 1 + side², D]. timm's networks with registers have the class token's position in the token. */
function withClassPosition(positions: Tensor): Tensor {
  const [width = 0] = positions.shape.slice(-1);
  const all = withImage(positions);
  if (all.shape.length !== 3 || !Number.isInteger(Math.sqrt(all.shape[1]!))) return all;
  return cat([zeros([1, 1, width], { dtype: all.dtype }), all], { dim: 1 });
}

/** Rows of a square grid of positions [1, side², D] or [1, 1 + side², D]; null where they are no square grid's. */
function sideOf({ shape }: Tensor): number | null {
  const sides = [0, 1].map((others) => Math.sqrt((shape[1] ?? 0) - others));
  return shape.length === 3 ? (sides.find((side) => Number.isInteger(side) && side > 0) ?? null) : null;
}

function resampled(positions: Tensor, from: number, to: number): Tensor {
  const all = positions.to({ dtype: "float32" });
  const others = all.shape[1]! - from ** 2;
  const ofPatches = resamplingMatrix(from, [to, to], "antialiased").matmul(all.narrow(1, others, from ** 2));
  return cat([all.narrow(1, 0, others), ofPatches], { dim: 1 });
}
