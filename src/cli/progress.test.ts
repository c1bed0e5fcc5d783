import { expect, test } from "vitest";
import { progressDisplay } from "./progress.js";

/** A stream that keeps what it gets, and a clock that is set. */
function screen(isTTY: boolean): {
  written: string[];
  clock: { ms: number };
  display: ReturnType<typeof progressDisplay>;
} {
  const written: string[] = [];
  const clock = { ms: 0 };
  const stream = { isTTY, write: (text: string) => written.push(text) };
  return { written, clock, display: progressDisplay(stream, () => clock.ms) };
}

const at = (done: number) => ({ done, total: 200, text: `${done} images` });

test("a terminal's line is redrawn at most ten times a second, and goes at the end", () => {
  const { written, clock, display } = screen(true);
  display.show(at(0));
  clock.ms = 50;
  display.show(at(25));
  clock.ms = 3000;
  display.show(at(50));
  display[Symbol.dispose]();
  display[Symbol.dispose]();
  expect(written).toEqual([
    "\r\u001b[2K  0 %  0 images",
    "\r\u001b[2K 25 %  50 images, 9.0 s left",
    "\r\u001b[2K",
  ]);
});

test("elsewhere there is a line every ten seconds", () => {
  const { written, clock, display } = screen(false);
  for (const seconds of [1, 9, 10, 12, 20]) {
    clock.ms = 1000 * seconds;
    display.show(at(10 * seconds));
  }
  display[Symbol.dispose]();
  expect(written).toEqual([" 50 %  100 images, 10.0 s left\n", "100 %  200 images\n"]);
});
