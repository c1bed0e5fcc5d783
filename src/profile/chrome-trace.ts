import type { Timeline } from "./timeline.js";

/** A span (X), or what a thread is called (M). */
type TraceEvent =
  | {
      readonly name: string;
      readonly ph: "X";
      readonly pid: number;
      readonly tid: number;
      readonly ts: number; // microseconds
      readonly dur: number;
    }
  | {
      readonly name: "process_name" | "thread_name";
      readonly ph: "M";
      readonly pid: number;
      readonly tid: number;
      readonly args: { readonly name: string };
    };

interface Span {
  readonly begin: number;
  readonly end: number;
}

const PID = 1;
const TRAINING = 0;
/** The stages of the thread that trains; all others are of threads that make images. */
const OF_TRAINING: ReadonlySet<string> = new Set(["wait", "normalize"]);

/** As chrome://tracing and ui.perfetto.dev read it: Google's Trace Event Format, complete events in order of time. */
export function chromeTrace({ begin, training, images }: Timeline): {
  traceEvents: TraceEvent[];
  displayTimeUnit: "ms";
} {
  // Whole nanoseconds, rounded at both ends, so that a part ends no later than its whole.
  const since = (moment: number): number => Math.round(1e6 * (moment - begin));
  const span = (name: string, tid: number, one: Span) => ({
    ...{ name, ph: "X" as const, pid: PID, tid },
    ts: since(one.begin) / 1000,
    dur: (since(one.end) - since(one.begin)) / 1000,
  });
  const producers = [
    ...new Set(images.filter(({ stage }) => !OF_TRAINING.has(stage)).map(({ thread }) => thread)),
  ];
  const threadOf = ({ stage, thread }: { stage: string; thread: number }): number =>
    OF_TRAINING.has(stage) ? TRAINING : 1 + producers.indexOf(thread);
  const spans = [
    ...training.map((one) => span(one.phase, TRAINING, one)),
    ...images.map((one) => span(one.stage, threadOf(one), one)),
  ].sort((a, b) => a.ts - b.ts || b.dur - a.dur);
  const names = [
    named("process_name", TRAINING, "longtail"),
    named("thread_name", TRAINING, "training"),
    ...producers.map((_, i) => named("thread_name", 1 + i, `images ${i + 1}`)),
  ];
  return { traceEvents: [...names, ...spans], displayTimeUnit: "ms" };
}

function named(name: "process_name" | "thread_name", tid: number, text: string): TraceEvent {
  return { name, ph: "M", pid: PID, tid, args: { name: text } };
}
