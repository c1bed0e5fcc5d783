import { maxOf } from "../support/math.js";
import { setTimeout as sleep } from "node:timers/promises";
import { UsageError, LongtailError } from "../support/errors.js";
import { full, tensor } from "../torch/create.js";
import { CUDA_LIBRARY, hasCudaLibrary } from "../torch/cuda.js";
import { cat } from "../torch/operators.generated.js";
import { keep, scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";
import type { GatheredRows, Peers } from "./peers.js";
import type { ProcessGroup } from "./process-group.js";
import type { Store } from "./store.js";
import { NativeError, TorchError } from "../torch/errors.js";

/** Another process of the training failed, was killed or cannot be reached. */
export class PeerError extends LongtailError {}

/** How Gloo's and NCCL's errors look when a connection has ended or the time is over. */
const LOST =
  /gloo\/transport|Connection (closed|reset)|Connection was likely closed|Broken pipe|Failed to (recv|send)|[Tt]imed out|NCCL|this process group was closed/;

export function isLostPeer(error: unknown): boolean {
  return (error instanceof TorchError || error instanceof NativeError) && LOST.test(error.message);
}

/** Between two looks at the store. */
const LOOK_MS = 20;
/** How long survivors wait for one another to find out who is missing. */
const ROLL_CALL_MS = 2000;
/** How long the process that serves the store stays for those that have not read it. */
const FAREWELL_MS = 3000;

export interface WorldOptions {
  readonly store: Store;
  readonly group: ProcessGroup;
  readonly signal: AbortSignal | undefined;
  /** How long an exchange waits for the others. */
  readonly timeoutMs: number;
  /** Whether this process serves the store, so that it goes when the process does. */
  readonly servesStore: boolean;
}

/** Several processes that have met. */
export class World implements Peers, Disposable {
  readonly rank: number;
  readonly worldSize: number;
  readonly group: ProcessGroup;
  readonly #options: WorldOptions;
  readonly #store: Store;
  #exchanges = 0;
  /** How often this process has announced that it is at work. */
  #signs = 0;
  /** Processes that did not answer the roll call. */
  #gone: readonly number[] = [];

  constructor(options: WorldOptions) {
    this.group = options.group;
    this.rank = options.group.rank;
    this.worldSize = options.group.size;
    this.#options = options;
    this.#store = options.store;
  }

  /** Tensors on GPUs go by NCCL from here on. @throws UsageError where this installation has no CUDA library. */
  useNccl(): void {
    if (!hasCudaLibrary())
      throw new UsageError(
        `NCCL is not built: expected ${CUDA_LIBRARY}, found nothing. Install the engine with CUDA (\`npx longtail engine install --cuda\`) ` +
          "and run `node scripts/build-cuda.mjs --headers`, or train over Gloo with --device cpu.",
      );
    this.group.addNccl(CUDA_LIBRARY);
  }

  any(flags: readonly boolean[]): boolean[] {
    return this.#reduced(flags.map(Number), "max").map((flag) => flag > 0);
  }

  sum(values: readonly number[]): number[] {
    return this.#reduced(values, "sum");
  }

  #reduced(values: readonly number[], operation: "sum" | "max"): number[] {
    using _ = scope();
    const reduced = tensor(values, { dtype: "float64" });
    this.group.allReduce([reduced], operation);
    return reduced.toList();
  }

  gatherRows(own: Tensor): GatheredRows {
    using _ = scope();
    const [count = 0, ...rest] = own.shape;
    const counts = this.group.allGather(tensor([count], { dtype: "int64" })).map((one) => one.item());
    const most = maxOf(counts);
    const { dtype, device } = own;
    const padding = full([most - count, ...rest], 0, { dtype, device });
    const gathered = this.group.allGather(count === most ? own : cat([own, padding]));
    const rows = keep(cat(gathered.map((rows, rank) => rows.narrow(0, 0, counts[rank]!))));
    const start = counts.slice(0, this.rank).reduce((sum, n) => sum + n, 0);
    return { rows, start };
  }

  broadcast(tensors: readonly Tensor[]): void {
    this.group.broadcast(tensors);
  }

  async exchange(subject: string, text: string): Promise<string[]> {
    const about = `${subject}/${(this.#exchanges += 1)}`;
    this.#store.set(`${about}/${this.rank}`, text);
    const texts: string[] = [];
    let [end, signs] = [0, ""];
    while (texts.length < this.worldSize) {
      const next = this.#store.get(`${about}/${texts.length}`);
      if (next !== undefined) {
        texts.push(next);
        continue;
      }
      this.#options.signal?.throwIfAborted();
      this.#assertNoneFailed();
      const newest = `${texts.length} ${this.#store.get(`at-work/${texts.length}`)}`;
      if (newest !== signs) [end, signs] = [performance.now() + this.#options.timeoutMs, newest];
      if (performance.now() > end)
        throw new PeerError(
          `rank ${texts.length} did not come to "${subject}" within ${this.#options.timeoutMs / 1000} s`,
        );
      await sleep(LOOK_MS);
    }
    return texts;
  }

  atWork(): void {
    try {
      this.#store.set(`at-work/${this.rank}`, String((this.#signs += 1)));
    } catch {
      // The store is gone: this process learns of it when it comes.
    }
  }

  #assertNoneFailed(): void {
    const failure = this.#failure();
    if (failure !== undefined) throw new PeerError(failure);
  }

  /** What went wrong in another process, in its own words. */
  #failure(): string | undefined {
    for (let rank = 0; rank < this.worldSize; rank += 1) {
      const message = rank === this.rank ? undefined : this.#store.get(`failed/${rank}`);
      if (message !== undefined) return `rank ${rank} failed: ${message}`;
    }
    return undefined;
  }

  /**
   * Leaves after an error. One of this process's own is sent to the others; one that says only that a connection ended
   * becomes one that names the process that is gone and, where that could still speak, its error.
   */
  async leave(error: unknown): Promise<unknown> {
    const own = error instanceof Error && !(error instanceof PeerError) && !isLostPeer(error);
    try {
      if (own) this.#store.set(`failed/${this.rank}`, error.message);
      this.group[Symbol.dispose]();
      const reported = own || error instanceof PeerError ? error : await this.#rollCall();
      await this.#farewell();
      return reported;
    } catch (lost) {
      // The store has gone with the process that served it, or that process hangs.
      this.group[Symbol.dispose]();
      return own ? error : new PeerError(withoutStore(lost));
    }
  }

  /** Leaves when all is done; the others may take their time. */
  async part(): Promise<void> {
    this.group[Symbol.dispose]();
    try {
      await this.#farewell();
    } catch {
      // The process that served the store has left already.
    }
  }

  /** Who does not answer any more. */
  async #rollCall(): Promise<PeerError> {
    this.#store.set(`survived/${this.rank}`, "");
    const end = performance.now() + ROLL_CALL_MS;
    do {
      const failure = this.#failure();
      if (failure !== undefined) return new PeerError(failure);
      this.#gone = this.#without("survived");
      await sleep(LOOK_MS);
    } while (this.#gone.length > 0 && performance.now() < end);
    return new PeerError(
      this.#gone.length > 0 ? goneWithoutAWord(this.#gone) : "the connection to a peer ended",
    );
  }

  #without(mark: string): number[] {
    const others = Array.from({ length: this.worldSize }, (_, rank) => rank).filter((r) => r !== this.rank);
    return others.filter((rank) => this.#store.get(`${mark}/${rank}`) === undefined);
  }

  /** Whoever serves the store lets the others read it. */
  async #farewell(): Promise<void> {
    this.#store.set(`left/${this.rank}`, "");
    if (!this.#options.servesStore) return;
    const end = performance.now() + FAREWELL_MS;
    const stays = (): boolean => this.#without("left").some((rank) => !this.#gone.includes(rank));
    while (stays() && performance.now() < end) await sleep(LOOK_MS);
  }

  /** Ends the connections. */
  [Symbol.dispose](): void {
    this.group[Symbol.dispose]();
    this.#store[Symbol.dispose]();
  }
}

function withoutStore(lost: unknown): string {
  return lost instanceof Error && lost.message.includes("does not answer")
    ? "rank 0 does not answer: it hangs, was stopped, or its machine is cut off from the network"
    : "rank 0 ended, and with it the training: see its own error";
}

function goneWithoutAWord(ranks: readonly number[]): string {
  const who = ranks.length === 1 ? `rank ${ranks[0]}` : `ranks ${ranks.join(", ")}`;
  return `${who} ended without a word: killed (out of memory, for one), stopped, or cut off from the network`;
}
