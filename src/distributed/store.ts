import { distributed } from "./native.js";

interface TcpAddress {
  readonly host: string;
  readonly port: number;
}

/** Keys and values that processes share, all of them text. c10d's own stores. */
export class Store implements Disposable {
  readonly id: number;
  readonly #parent: Store | null;

  private constructor(id: number, parent: Store | null = null) {
    this.id = id;
    this.#parent = parent;
  }

  /**
   * One that a process serves by TCP, on every network of its machine. @throws NativeError for a port in use.
   */
  static serve({ host, port }: TcpAddress, timeoutMs: number): Store {
    return new Store(distributed().tcpStore(host, port, true, timeoutMs).id);
  }

  /** One that another process serves. @throws NativeError when it does not answer in time. */
  static connect({ host, port }: TcpAddress, timeoutMs: number): Store {
    return new Store(distributed().tcpStore(host, port, false, timeoutMs).id);
  }

  /** One that lies in a file, for as many processes as can open it. */
  static file(path: string, processes: number): Store {
    return new Store(distributed().fileStore(path, processes));
  }

  /** The same store, where all keys begin with `prefix/`. It goes with this one. */
  within(prefix: string): Store {
    return new Store(distributed().prefixStore(this.id, prefix), this);
  }

  set(key: string, value: string): void {
    distributed().storeSet(this.id, key, value);
  }

  /** Undefined where nobody has set it; never waits. @throws NativeError when the store's process is gone. */
  get(key: string): string | undefined {
    return distributed().storeGet(this.id, key);
  }

  /** Adds to a number that starts at 0, and returns the sum. */
  add(key: string, amount = 1): number {
    return distributed().storeAdd(this.id, key, amount);
  }

  [Symbol.dispose](): void {
    distributed().closeStore(this.id);
    this.#parent?.[Symbol.dispose]();
  }
}
