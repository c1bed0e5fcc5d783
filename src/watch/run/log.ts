import type { LogPart } from "../protocol.js";

const MAX_LINES = 400;
const MAX_LINE_LENGTH = 2000; // characters

/** How far a reader has read a log. */
export interface LogCursor {
  readonly edition: number;
  readonly lines: number;
}

export const NO_LOG_READ: LogCursor = { edition: -1, lines: 0 };

/** The last lines of a run's train.log. */
export class RunLog {
  #kept: string[] = [];
  #edition = 0; // goes up when the file is no longer the one that was read
  #dropped = 0;

  reset(): void {
    this.#kept = [];
    this.#dropped = 0;
    this.#edition += 1;
  }

  line(text: string): void {
    this.#kept.push(text.length > MAX_LINE_LENGTH ? `${text.slice(0, MAX_LINE_LENGTH)}…` : text);
    if (this.#kept.length < 2 * MAX_LINES) return;
    this.#dropped += this.#kept.length - MAX_LINES;
    this.#kept = this.#kept.slice(-MAX_LINES);
  }

  /** What a reader who has read as far as `cursor` lacks; null when that is nothing. */
  since(id: string, cursor: LogCursor): { part: LogPart; cursor: LogCursor } | null {
    const edition = this.#edition;
    const dropped = this.#dropped;
    const kept = this.#kept;
    const anew = cursor.edition !== edition;
    const from = Math.max(anew ? 0 : cursor.lines - dropped, kept.length - MAX_LINES, 0);
    const lines = kept.slice(from);
    if (lines.length === 0 && !anew) return null;
    return { part: { id, anew, lines }, cursor: { edition, lines: dropped + kept.length } };
  }
}
