import { type Handle, native } from "../torch/native.js";

/** What native/distributed exports. Stores, groups and reducers are numbers. */
export interface DistributedAddon {
  tcpStore(host: string, port: number, serves: boolean, timeoutMs: number): { id: number; port: number };
  fileStore(path: string, processes: number): number;
  prefixStore(store: number, prefix: string): number;
  storeSet(store: number, key: string, value: string): void;
  storeGet(store: number, key: string): string | undefined;
  storeAdd(store: number, key: string, amount: number): number;
  closeStore(store: number): void;

  openGroup(store: number, rank: number, size: number, address: string, timeoutMs: number): number;
  addNccl(group: number, store: number, rank: number, size: number, timeoutMs: number, library: string): void;
  broadcast(group: number, tensors: readonly Handle[], root: number): void;
  allReduce(group: number, tensors: readonly Handle[], operation: Reduction): void;
  allGather(group: number, tensor: Handle): Handle[];
  barrier(group: number): void;
  closeGroup(group: number): void;

  openReducer(group: number, parameters: readonly Handle[], bucketBytes: number): number;
  prepareReducer(reducer: number, outputs: readonly Handle[]): void;
  closeReducer(reducer: number): void;
}

/** How the numbers of all processes become one. */
export type Reduction = "sum" | "max" | "min";

export function distributed(): DistributedAddon {
  return native() as unknown as DistributedAddon;
}
