/** What displays of progress have in common. */

/** What a display needs of a stream: process.stderr, or a test's own. */
export interface TextStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Puts the cursor at the start of an empty line, to redraw it. */
export const clearLine = "\r\u001b[2K";

/** Without a terminal there is a line this often while something goes on. */
export const plainLineMs = 10_000;

/** On a terminal a line is redrawn at most ten times a second. */
export const redrawMs = 100;
