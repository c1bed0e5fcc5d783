import type { Timeline } from "./timeline.js";

/** Two steps of 10 ms from 100 ms on, with two threads that make images; thread 1 is the one that trains. */
export const timeline: Timeline = {
  begin: 100,
  end: 120,
  training: [
    { phase: "forward", begin: 102, end: 105 },
    { phase: "backward", begin: 105, end: 109 },
    { phase: "optimizer", begin: 109, end: 109.5 },
    { phase: "step", begin: 100, end: 110 },
    { phase: "forward", begin: 111, end: 114 },
    { phase: "backward", begin: 114, end: 119 },
    { phase: "optimizer", begin: 119, end: 119.5 },
    { phase: "step", begin: 110, end: 120 },
  ],
  images: [
    { thread: 0, stage: "read", begin: 100, end: 101 },
    { thread: 0, stage: "decode", begin: 101, end: 104 },
    { thread: 1, stage: "wait", begin: 100.5, end: 101.5 },
    { thread: 2, stage: "read", begin: 101, end: 102 },
    { thread: 2, stage: "decode", begin: 102, end: 106 },
    { thread: 1, stage: "normalize", begin: 101.5, end: 101.75 },
    { thread: 0, stage: "transform", begin: 104, end: 105 },
    { thread: 0, stage: "transform", begin: 105, end: 106 },
    { thread: 2, stage: "transform", begin: 106, end: 107 },
    { thread: 2, stage: "transform", begin: 107, end: 108 },
    { thread: 1, stage: "normalize", begin: 110.25, end: 110.5 },
  ],
};
