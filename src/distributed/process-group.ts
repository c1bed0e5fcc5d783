import { handles, wrapAll } from "../torch/dispatch.js";
import type { Tensor } from "../torch/tensor.js";
import { distributed, type Reduction } from "./native.js";
import type { Store } from "./store.js";
import { networkInterfaces } from "node:os";
import type { Environment } from "../support/paths.js";
import { UsageError } from "../support/errors.js";

interface GroupOptions {
  readonly store: Store;
  readonly rank: number;
  readonly size: number;
  /** Of this process: a name or a number by which the others reach it, unless GLOO_SOCKET_IFNAME names a network. */
  readonly address: string;
  /** How long any call waits for the others. */
  readonly timeoutMs: number;
}

/**
 * Processes that compute together. Every process makes the same calls in the same order; each returns when it is done
 * and throws when a peer is lost or the time is over, after which the group is of no more use. Tensors on the CPU go by
 * Gloo, those on a GPU by NCCL.
 */
export class ProcessGroup implements Disposable {
  readonly id: number;
  readonly rank: number;
  readonly size: number;
  readonly #options: GroupOptions;

  /** All `size` processes have to be at the store. */
  constructor(options: GroupOptions) {
    const { store, rank, size, address, timeoutMs } = options;
    this.rank = rank;
    this.size = size;
    this.#options = options;
    this.id = distributed().openGroup(store.id, rank, size, ownAddress(address), timeoutMs);
  }

  /** From here on NCCL carries tensors on GPUs. library: the optional CUDA library's file. */
  addNccl(library: string): void {
    const { store, rank, size, timeoutMs } = this.#options;
    distributed().addNccl(this.id, store.id, rank, size, timeoutMs, library);
  }

  /** Gives the tensors the values that they have in process `root`. */
  broadcast(tensors: readonly Tensor[], root = 0): void {
    distributed().broadcast(this.id, handles(tensors), root);
  }

  /** Gives the tensors the sum (largest, smallest) of what they are in all processes. */
  allReduce(tensors: readonly Tensor[], operation: Reduction = "sum"): void {
    distributed().allReduce(this.id, handles(tensors), operation);
  }

  /** What the tensor is in each process, in order of rank; its shape is the same in all. */
  allGather(tensor: Tensor): Tensor[] {
    return wrapAll(distributed().allGather(this.id, tensor.handle));
  }

  /** Returns when every process has come here. */
  barrier(): void {
    distributed().barrier(this.id);
  }

  /** Ends the connections: what the peers wait for fails at once. */
  [Symbol.dispose](): void {
    distributed().closeGroup(this.id);
  }
}

/**
 * The address by which the other processes reach this one: that of the network that GLOO_SOCKET_IFNAME names, as for
 * PyTorch, else the one that led to the master.
 * @throws UsageError for a network that this machine does not have.
 */
function ownAddress(reached: string, environment: Environment = process.env): string {
  const [name = ""] = (environment["GLOO_SOCKET_IFNAME"] ?? "").split(",");
  if (name === "") return reached;
  const networks = networkInterfaces();
  const addresses = networks[name] ?? [];
  const found = addresses.find(({ family }) => family === "IPv4") ?? addresses[0];
  if (found !== undefined) return found.address;
  throw new UsageError(
    `GLOO_SOCKET_IFNAME: expected a network of this machine with an address (${Object.keys(networks).join(", ")}), found "${name}".`,
  );
}
