import { expect, test } from "vitest";
import { chromeTrace } from "./chrome-trace.js";
import { assertNested, spansOf } from "./trace.fixture.js";
import { timeline } from "./timeline.fixture.js";

const trace = chromeTrace(timeline);

test("microseconds since the beginning, on numbered threads that have names", () => {
  const { traceEvents } = trace;
  expect(traceEvents.filter(({ ph }) => ph === "M")).toEqual([
    { name: "process_name", ph: "M", pid: 1, tid: 0, args: { name: "longtail" } },
    { name: "thread_name", ph: "M", pid: 1, tid: 0, args: { name: "training" } },
    { name: "thread_name", ph: "M", pid: 1, tid: 1, args: { name: "images 1" } },
    { name: "thread_name", ph: "M", pid: 1, tid: 2, args: { name: "images 2" } },
  ]);
  const spans = traceEvents.filter(({ ph }) => ph === "X");
  expect(spans.filter(({ tid }) => tid === 0)).toMatchObject([
    { name: "step", ts: 0, dur: 10_000 },
    { name: "wait", ts: 500, dur: 1000 },
    { name: "normalize", ts: 1500, dur: 250 },
    { name: "forward", ts: 2000, dur: 3000 },
    { name: "backward", ts: 5000, dur: 4000 },
    { name: "optimizer", ts: 9000, dur: 500 },
    { name: "step", ts: 10_000, dur: 10_000 },
    { name: "normalize", ts: 10_250, dur: 250 },
    { name: "forward", ts: 11_000, dur: 3000 },
    { name: "backward", ts: 14_000, dur: 5000 },
    { name: "optimizer", ts: 19_000, dur: 500 },
  ]);
  expect(spans.filter(({ tid }) => tid === 2).map(({ name }) => name)).toEqual([
    "read",
    "decode",
    "transform",
    "transform",
  ]);
});

test("spans of a thread lie inside one another or apart", () => {
  assertNested(spansOf(JSON.stringify(trace)));
});
