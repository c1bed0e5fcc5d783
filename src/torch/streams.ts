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

/** A stream beside the thread's own. On a CPU its work is done at once. */
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
    const own = addon().enterStream(this.#device, this.#stream);
    let made: T;
    let done: Moment;
    try {
      made = work();
      done = new Moment(this.#device);
    } finally {
      addon().enterStream(this.#device, own);
    }
    using _done = done;
    done.delayStream();
    addon().usedByStream(results(made).map(({ handle }) => handle));
    return made;
  }
}
