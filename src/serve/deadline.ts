/**
 * The end of a request's time: one timer, and what to do when it is over. An AbortSignal would do, but with its events it takes a lone
 * request a hundredth of its time.
 */
export class Deadline implements Disposable {
  readonly #timer: NodeJS.Timeout;
  readonly #callbacks: (() => void)[] = [];
  #isOver = false;

  constructor(seconds: number) {
    this.#timer = setTimeout(() => {
      this.#isOver = true;
      for (const callback of this.#callbacks) callback();
    }, 1000 * seconds);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Calls back when the time is over: at once where it is. */
  onOver(callback: () => void): void {
    if (this.#isOver) callback();
    else this.#callbacks.push(callback);
  }

  /** The request is answered: nobody is called back any more. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
