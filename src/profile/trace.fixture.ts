import { expect } from "vitest";
import { z } from "zod";

const Span = z.strictObject({
  name: z.string(),
  ph: z.literal("X"),
  pid: z.int(),
  tid: z.int(),
  ts: z.number().min(0),
  dur: z.number().min(0),
});
const Name = z.strictObject({
  name: z.enum(["process_name", "thread_name"]),
  ph: z.literal("M"),
  pid: z.int(),
  tid: z.int(),
  args: z.strictObject({ name: z.string() }),
});
const Trace = z.strictObject({
  traceEvents: z.array(z.discriminatedUnion("ph", [Span, Name])),
  displayTimeUnit: z.literal("ms"),
});
type Span = z.infer<typeof Span>;

/** A trace's spans, in order; fails for what is no trace as the format's description has it. */
export function spansOf(text: string): Span[] {
  return Trace.parse(JSON.parse(text)).traceEvents.filter((event) => event.ph === "X");
}

/** In their order each begins after the one before on its thread, and ends before everything that is open there. */
export function assertNested(spans: readonly Span[]): void {
  const nanoseconds = (span: Span): [number, number] => [
    Math.round(1000 * span.ts),
    Math.round(1000 * span.ts) + Math.round(1000 * span.dur),
  ];
  for (const tid of new Set(spans.map((span) => span.tid))) {
    const open: number[] = [];
    for (const span of spans.filter((one) => one.tid === tid)) {
      const [begin, end] = nanoseconds(span);
      while (open.length > 0 && open.at(-1)! <= begin) open.pop();
      if (open.length > 0) expect(end, `the end of ${span.name}`).toBeLessThanOrEqual(open.at(-1)!);
      open.push(end);
    }
  }
}
