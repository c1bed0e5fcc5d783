import type { Peers } from "../../distributed/peers.js";

/**
 * What the processes of a training decide together, so that all leave a loop at the same step. A process alone follows
 * its own signal at once; of several, each sees `signal` abort at the next question after any of them was asked to end.
 */
export class Agreement {
  readonly signal: AbortSignal | undefined;
  readonly #peers: Peers;
  readonly #own: AbortSignal | undefined;
  readonly #controller = new AbortController();

  constructor(peers: Peers, own: AbortSignal | undefined) {
    this.#peers = peers;
    this.#own = own;
    this.signal = peers.worldSize === 1 ? own : this.#controller.signal;
  }

  /** Whether any process says so. All ask the same questions. */
  any(says: boolean): boolean {
    if (this.#peers.worldSize === 1) return says;
    const [agreed = false, ends = false] = this.#peers.any([says, this.#own?.aborted ?? false]);
    if (ends) this.#controller.abort(this.#own?.reason);
    return agreed;
  }
}
