/** Streams: what a GPU does side by side, and moments that one stream, or this program, waits for in another. */
import { native } from "./native.js";
import type { Tensor } from "./tensor.js";

/** What native/cuda exports for every engine. Streams and moments are numbers. */
interface StreamsAddon {
  newStream(device: string): number;
  enterStream(device: string, stream: number): number;
  recordMoment(device: string): number;
  streamAwaits(device: string, moment: number): void;
  awaitMoment(moment: number): void;
  closeMoment(moment: number): void;
  usedByStream(tensors: readonly number[]): void;
}

const addon = (): StreamsAddon => native() as unknown as StreamsAddon;

/**
 * Reached when a device has done what this thread's current stream was given until now. A CPU has: it works in order.
 * Close it; what waits for it goes on waiting.
 */
export class Moment implements Disposable {
  readonly #device: string;
  readonly #moment: number;

  constructor(device: string) {
    this.#device = device;
    this.#moment = addon().recordMoment(device);
  }

  /** What the current stream is given from here on begins after it. */
  delayStream(): void {
    addon().streamAwaits(this.#device, this.#moment);
  }

  /** Returns when it is reached. */
  wait(): void {
    addon().awaitMoment(this.#moment);
  }

  [Symbol.dispose](): void {
    addon().closeMoment(this.#moment);
  }
}

/** A stream beside the thread's own. On a CPU its work is done at once. Streams are never closed: libtorch has a few for all. */
export class SideStream {
  readonly #device: string;
  readonly #stream: number;

  constructor(device: string) {
    this.#device = device;
    this.#stream = addon().newStream(device);
  }

  /**
   * Gives the stream what `work` does on the device, and lets the thread's own stream go on after it. The work begins at
   * once: it must read nothing that the thread's own stream is yet to write. `results` are the tensors that outlive it.
   */
  run<T>(work: () => T, results: (made: T) => readonly Tensor[]): T {
    const { made, done } = this.begin(work);
    using _done = done;
    done.delayStream();
    markUsed(results(made));
    return made;
  }

  /** Gives the stream its work and says when that is done. Nothing waits for it by itself. */
  begin<T>(work: () => T): { made: T; done: Moment } {
    const own = addon().enterStream(this.#device, this.#stream);
    try {
      return { made: work(), done: new Moment(this.#device) };
    } finally {
      addon().enterStream(this.#device, own);
    }
  }
}

/** Several pieces of work that a GPU does at the same time, the first on the thread's own stream. */
export class ParallelStreams {
  readonly #device: string;
  readonly #others: readonly SideStream[];

  /** pieces: how many there are. The n-th always has the same stream. */
  constructor(device: string, pieces: number) {
    this.#device = device;
    this.#others = Array.from({ length: pieces - 1 }, () => new SideStream(device));
  }

  /**
   * Each piece begins when all is done that the thread's own stream was given before, and that stream goes on when all
   * pieces are done. So it is in a backward pass as well: autograd gives each operator's to the stream that the operator
   * had, and makes streams wait for one another. `inputs` are what the pieces read and what may be freed before they end.
   */
  run(pieces: readonly (() => Tensor)[], inputs: readonly Tensor[]): Tensor[] {
    const [first, ...others] = pieces;
    if (first === undefined) return [];
    using fork = new Moment(this.#device);
    const ends: Moment[] = [];
    try {
      const made = others.map((work, i) => {
        const begun = this.#others[i]!.begin(() => {
          fork.delayStream();
          markUsed(inputs);
          return work();
        });
        ends.push(begun.done);
        return begun.made;
      });
      const results = [first(), ...made];
      for (const end of ends) end.delayStream();
      markUsed(results);
      return results;
    } finally {
      for (const end of ends) end[Symbol.dispose]();
    }
  }
}

/** The current stream uses tensors that another one made: their memory is not given away before it is done with them. */
function markUsed(tensors: readonly Tensor[]): void {
  addon().usedByStream(tensors.map(({ handle }) => handle));
}
