/**
 * Lifetime of tensors. Every tensor an operation creates belongs to the innermost open scope and is freed when that
 * scope ends, at once and without the garbage collector. A scope never spans an `await`.
 *
 *     using _ = scope();
 *     const loss = keep(step(batch)); // moves to the enclosing scope
 */
import { native, type Handle } from "./native.js";
import type { Tensor } from "./tensor.js";

/** Handles created in open scopes, innermost last; `starts` says where each scope begins. */
let owned = new Float64Array(1 << 12);
let count = 0;
const starts: number[] = [];
/** Handles on their way outward, each with the depth it leaves; looked up when that scope ends. */
const kept = new Set<Handle>();
const outside = new Set<Handle>();

/** Records a new tensor. Called by the constructor of Tensor only. */
export function own(handle: Handle): void {
  if (starts.length === 0) {
    outside.add(handle);
    return;
  }
  if (count === owned.length) {
    const larger = new Float64Array(count * 2);
    larger.set(owned);
    owned = larger;
  }
  owned[count++] = handle;
}

/** Opens a scope that ends with the enclosing block: `using _ = scope();`. */
export function scope(): Disposable {
  const depth = starts.push(count);
  return { [Symbol.dispose]: () => close(depth) };
}

function close(depth: number): void {
  if (starts.length !== depth) {
    throw new Error(
      `scope: expected the innermost scope (depth ${starts.length}) to end first, received depth ${depth}; a scope must not span an await`,
    );
  }
  const start = starts.pop() ?? 0;
  const dead = owned.slice(start, count);
  let deadCount = 0;
  count = start;
  for (const handle of dead) {
    if (kept.delete(handle)) own(handle);
    else dead[deadCount++] = handle;
  }
  if (deadCount > 0) native().release(dead, deadCount);
}

/** Moves tensors to the enclosing scope, or outside all scopes, where they live until dispose(). */
export function keep<T extends Tensor | readonly Tensor[]>(tensors: T): T {
  if (starts.length > 0) for (const tensor of asList(tensors)) kept.add(tensor.handle);
  return tensors;
}

/** Takes tensors out of every scope: they live until dispose(). For parameters and other state. */
export function keepForever<T extends Tensor | readonly Tensor[]>(tensors: T): T {
  const wanted = new Set(asList(tensors).map((tensor) => tensor.handle));
  if (starts.length === 0) return tensors;
  removeOwned(wanted);
  for (const handle of wanted) outside.add(handle);
  return tensors;
}

/** Frees tensors now. Freeing a freed tensor does nothing. */
export function dispose(...tensors: readonly Tensor[]): void {
  if (tensors.length === 0) return;
  for (const { handle } of tensors) outside.delete(handle);
  native().release(
    Float64Array.from(tensors, ({ handle }) => handle),
    tensors.length,
  );
}

/** Tensors alive in this process, and those that this thread created outside any scope and has not freed. */
export function memory(): { live: number; outsideScopes: number } {
  return { live: native().liveTensors(), outsideScopes: outside.size };
}

function removeOwned(wanted: ReadonlySet<Handle>): void {
  const before = count;
  count = 0;
  let level = 0;
  for (let i = 0; i < before; i++) {
    while (level < starts.length && starts[level] === i) starts[level++] = count;
    const handle = owned[i] ?? 0;
    if (!wanted.has(handle)) owned[count++] = handle;
  }
  while (level < starts.length) starts[level++] = count;
}

function asList(tensors: Tensor | readonly Tensor[]): readonly Tensor[] {
  return Array.isArray(tensors) ? (tensors as readonly Tensor[]) : [tensors as Tensor];
}
