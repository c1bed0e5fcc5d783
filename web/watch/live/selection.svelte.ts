import { MAX_FOLLOWED } from "../../../src/watch/protocol.ts";

/** A run that is shown, and the number of its color. */
export interface Shown {
  readonly id: string;
  readonly color: number;
}

/** The runs that are ticked. They stand in the address, so that it can be kept and passed on. */
export class Selection {
  shown = $state.raw<readonly Shown[]>([]);
  /** False until somebody has chosen: then the page may choose. */
  isChosen = $state(false);

  constructor() {
    this.readAddress();
  }

  get ids(): readonly string[] {
    return this.shown.map(({ id }) => id);
  }

  get isFull(): boolean {
    return this.shown.length >= MAX_FOLLOWED;
  }

  /** The number of a run's color, from 1; undefined when it is not shown. */
  colorOf(id: string): number | undefined {
    return this.shown.find((one) => one.id === id)?.color;
  }

  toggle(id: string): void {
    const without = this.shown.filter((one) => one.id !== id);
    if (without.length < this.shown.length) this.choose(without);
    else if (!this.isFull) this.choose([...this.shown, { id, color: freeColor(this.shown) }]);
  }

  /** Shows this run alone. */
  only(id: string): void {
    this.choose([{ id, color: 1 }]);
  }

  /** What the page shows while nobody has chosen. */
  suggest(id: string): void {
    if (!this.isChosen && this.shown.length === 0) this.shown = [{ id, color: 1 }];
  }

  /** Takes what the address says: at the start, and when somebody goes back. */
  readAddress(): void {
    const address = new URLSearchParams(location.hash.slice(1));
    const ids = [...new Set(address.getAll("run"))].slice(0, MAX_FOLLOWED);
    this.isChosen = location.hash.length > 1;
    let shown = this.shown.filter(({ id }) => ids.includes(id));
    for (const id of ids)
      if (!shown.some((one) => one.id === id)) shown = [...shown, { id, color: freeColor(shown) }];
    this.shown = shown;
  }

  private choose(shown: readonly Shown[]): void {
    this.shown = shown;
    this.isChosen = true;
    const named = shown.map(({ id }) => ["run", id]);
    history.pushState(null, "", `#${named.length === 0 ? "none" : String(new URLSearchParams(named))}`);
  }
}

function freeColor(shown: readonly Shown[]): number {
  const taken = new Set(shown.map(({ color }) => color));
  let color = 1;
  while (taken.has(color)) color += 1;
  return color;
}
