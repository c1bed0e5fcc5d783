import { matchState } from "../torch/state-dict.js";
import { noGrad } from "../torch/autograd.js";
import type { DType, MemoryFormat } from "../torch/dispatch.js";
import { dispose, keepForever, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";

interface Placement {
  device?: string;
  dtype?: DType; // of the floating-point tensors; counters keep theirs
  memoryFormat?: MemoryFormat; // of the tensors with four axes
}

/**
 * A part of a network: it owns parameters (trained), buffers (kept, not trained) and other modules, under the names
 * that PyTorch gives them, so that a state dictionary fits both ("layer1.0.conv1.weight").
 */
export abstract class Module implements Disposable {
  #training = true;
  readonly #parameters = new Map<string, Tensor>();
  readonly #buffers = new Map<string, Tensor>();
  readonly #children = new Map<string, Module>();

  /** Takes over the tensor: it outlives every scope, until it is disposed of. */
  protected parameter(name: string, tensor: Tensor): Tensor {
    this.#parameters.set(name, keepForever(tensor).setRequiresGrad());
    return tensor;
  }

  protected buffer(name: string, tensor: Tensor): Tensor {
    this.#buffers.set(name, keepForever(tensor));
    return tensor;
  }

  protected child<T extends Module>(name: string, module: T): T {
    this.#children.set(name, module);
    return module;
  }

  get training(): boolean {
    return this.#training;
  }

  /** Batch norm uses the batch's statistics when training, its running ones otherwise. */
  train(on = true): this {
    this.#training = on;
    for (const child of this.#children.values()) child.train(on);
    return this;
  }

  eval(): this {
    return this.train(false);
  }

  /**
   * Parameters get no gradient any more, so that no optimizer changes them. Batch norm's running statistics are no
   * parameters: they go on following the batches while training.
   */
  freeze(): this {
    for (const parameter of this.parameters()) parameter.setRequiresGrad(false);
    return this;
  }

  /** This one and all within it. */
  modules(): Module[] {
    return [this, ...[...this.#children.values()].flatMap((child) => child.modules())];
  }

  namedParameters(): [string, Tensor][] {
    return this.#collect((module) => module.#parameters);
  }

  parameters(): Tensor[] {
    return this.namedParameters().map(([, tensor]) => tensor);
  }

  namedBuffers(): [string, Tensor][] {
    return this.#collect((module) => module.#buffers);
  }

  /** Parameters and buffers by name, in PyTorch's order: a module's own ones first. The module goes on owning them. */
  stateDict(): Map<string, Tensor> {
    return new Map(this.#collect((module) => [...module.#parameters, ...module.#buffers]));
  }

  /**
   * Copies every tensor of `state` into the one of the same name. Names and shapes must be exactly this module's.
   * @throws CheckpointError that names the first tensor that differs; nothing has been copied then.
   */
  loadStateDict(state: ReadonlyMap<string, Tensor>): void {
    copyState(this.stateDict(), state);
  }

  /** Moves or converts in place: tensors that others hold (an optimizer, say) stay the module's own. */
  to({ device, dtype, memoryFormat }: Placement): this {
    using _scope = scope();
    using _noGrad = noGrad();
    for (const tensor of this.stateDict().values()) {
      const placement: Placement = {};
      if (device !== undefined) placement.device = device;
      if (dtype !== undefined && isFloating(tensor.dtype)) placement.dtype = dtype;
      if (memoryFormat !== undefined && tensor.shape.length === 4) placement.memoryFormat = memoryFormat;
      tensor.setData(tensor.detach().to(placement));
    }
    return this;
  }

  /** Frees every parameter and buffer, and what modules within hold besides; the module must not be used afterwards. */
  [Symbol.dispose](): void {
    for (const child of this.#children.values()) child[Symbol.dispose]();
    dispose(...this.#parameters.values(), ...this.#buffers.values());
  }

  #collect(entriesOf: (module: Module) => Iterable<[string, Tensor]>, prefix = ""): [string, Tensor][] {
    const collected = Array.from(entriesOf(this), ([name, tensor]): [string, Tensor] => [
      prefix + name,
      tensor,
    ]);
    for (const [name, child] of this.#children)
      collected.push(...child.#collect(entriesOf, `${prefix}${name}.`));
    return collected;
  }
}

/** A module that maps one tensor to one tensor. */
export abstract class Layer extends Module {
  abstract forward(x: Tensor): Tensor;
}

/**
 * Copies every tensor of `state` into the one of the same name. Names and shapes must be exactly the same.
 * @throws CheckpointError that names the first tensor that differs; nothing has changed then.
 */
export function copyState(own: ReadonlyMap<string, Tensor>, state: ReadonlyMap<string, Tensor>): void {
  const pairs = matchState(own, state, { what: "state dictionary", exact: true });
  using _ = noGrad();
  for (const [tensor, found] of pairs) tensor.copy_(found);
}

function isFloating(dtype: DType): boolean {
  return dtype.includes("float");
}
