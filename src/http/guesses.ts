import { createHash } from "node:crypto";
import { isIPv6 } from "node:net";

/** So many wrong tokens in a row are allowed, and then one in so many milliseconds. */
const BURST = 10;
const REFILL_MS = 6000;
const MAX_ADDRESSES = 4096;
const MAX_TOKENS = 4096;

interface Allowance {
  readonly left: number;
  readonly at: number;
}

/**
 * Limits how fast an address may try tokens: ten at once, then ten a minute. A token that was wrong before is no guess: a program
 * with an old one, which asks again and again, takes nothing of what others behind the same proxy are allowed.
 */
export class Guesses {
  readonly #allowances = new Map<string, Allowance>();
  /** Wrong tokens of late, hashed. */
  readonly #wrong = new Set<string>();
  readonly #now: () => number;

  /** @param now milliseconds of a clock that never goes back */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Seconds until the address may try another token; 0 for now. */
  secondsToWait(address: string): number {
    const left = this.#left(this.#keyOf(address));
    return left >= 1 ? 0 : Math.ceil(((1 - left) * REFILL_MS) / 1000);
  }

  /** Whether a token was wrong before. */
  isWrong(token: string): boolean {
    return this.#wrong.has(hashOf(token));
  }

  /** Counts a wrong token. */
  wrong(address: string, token: string): void {
    const [oldest] = this.#wrong;
    if (oldest !== undefined && this.#wrong.size >= MAX_TOKENS) this.#wrong.delete(oldest);
    this.#wrong.add(hashOf(token));
    const key = this.#keyOf(address);
    const left = this.#left(key);
    this.#forgetFull();
    this.#allowances.set(key, { left: Math.max(0, left - 1), at: this.#now() });
  }

  #left(key: string): number {
    const found = this.#allowances.get(key);
    if (found === undefined) return BURST;
    return Math.min(BURST, found.left + (this.#now() - found.at) / REFILL_MS);
  }

  /** Addresses beyond those that are remembered share an allowance, so that nobody gains by having many. */
  #keyOf(address: string): string {
    const own = isIPv6(address) && !address.startsWith("::ffff:") ? networkOf(address) : address;
    return this.#allowances.has(own) || this.#allowances.size < MAX_ADDRESSES ? own : "others";
  }

  #forgetFull(): void {
    if (this.#allowances.size < MAX_ADDRESSES) return;
    for (const key of [...this.#allowances.keys()])
      if (this.#left(key) >= BURST) this.#allowances.delete(key);
  }
}

function hashOf(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}

/** An IPv6 address's first 64 bits: whoever has one address has the whole network. */
function networkOf(address: string): string {
  const [head = "", tail] = address.split("%")[0]!.split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const filled =
    tail === undefined
      ? groups
      : [...groups, ...Array.from({ length: 8 - groups.length - after.length }, () => "0"), ...after];
  return filled.slice(0, 4).join(":");
}
