/** What terminals are sent: displays of progress, and texts that hold names of files and classes. */

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

/**
 * Control characters but tab and line feed, and those that turn the direction of the text around them. A terminal obeys
 * them wherever they come from: ESC ] 52 writes the clipboard, and a turned name shows another extension.
 */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const UNSAFE = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The text with such characters as JSON writes them, \u001b: a name of a file or of a class may hold any. */
export function escapeControls(text: string): string {
  return text.replace(UNSAFE, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The writing of streams whose `write` escapes. */
const unescaped = new WeakMap<object, (text: string) => unknown>();

/** Writes text after a control sequence of ours, which is not escaped. */
export function writeText(stream: TextStream, text: string, control = ""): void {
  const write = unescaped.get(stream) ?? ((shown: string) => stream.write(shown));
  write(control + escapeControls(text));
}

/** Has streams escape every text that is written to them, until disposed of. Bytes pass as they are. */
export function escapeOutput(streams: readonly NodeJS.WriteStream[]): Disposable {
  const restore = streams.map((stream) => {
    const own = Object.getOwnPropertyDescriptor(stream, "write");
    const write = stream.write.bind(stream) as (chunk: unknown, ...rest: unknown[]) => boolean;
    unescaped.set(stream, write);
    stream.write = (chunk: unknown, ...rest: unknown[]) =>
      write(typeof chunk === "string" ? escapeControls(chunk) : chunk, ...rest);
    return () => {
      if (own === undefined) Reflect.deleteProperty(stream, "write");
      else Object.defineProperty(stream, "write", own);
      unescaped.delete(stream);
    };
  });
  return {
    [Symbol.dispose]() {
      for (const one of restore) one();
    },
  };
}
