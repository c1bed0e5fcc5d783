import { expect, test } from "vitest";
import { clearLine, escapeControls, escapeOutput, writeText } from "./terminal.js";

const HOSTILE = "a\u001b]52;c;cm0gLXJm\u0007b\u001b[2Kc\rd\u202etxt.exe\u0085\u007f\u2066";
const SHOWN = "a\\u001b]52;c;cm0gLXJm\\u0007b\\u001b[2Kc\\u000dd\\u202etxt.exe\\u0085\\u007f\\u2066";

test("what a terminal would obey is shown as JSON writes it; other characters stay", () => {
  expect(escapeControls(HOSTILE)).toBe(SHOWN);
  const harmless = "Grün 木 \u{1f41d} ñ\t木\n";
  expect(escapeControls(harmless)).toBe(harmless);
  expect(JSON.parse(escapeControls(JSON.stringify({ name: HOSTILE })))).toEqual({ name: HOSTILE });
});

test("a stream escapes every text, but not bytes and not control sequences of ours", () => {
  const written: unknown[] = [];
  const stream = {
    isTTY: true,
    write: (chunk: unknown) => {
      written.push(chunk);
      return true;
    },
  };
  const { write } = stream;
  {
    using _ = escapeOutput([stream as unknown as NodeJS.WriteStream]);
    stream.write(`error: ${HOSTILE}\n`);
    writeText(stream, HOSTILE, clearLine);
    stream.write(Buffer.of(0x1b));
  }
  expect(stream.write).toBe(write);
  writeText(stream, HOSTILE);
  expect(written).toEqual([`error: ${SHOWN}\n`, clearLine + SHOWN, Buffer.of(0x1b), SHOWN]);
});
