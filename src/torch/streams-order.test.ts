/** In which order streams are given work and made to wait: what makes it correct on a GPU, seen without one. */
import { afterEach, expect, test, vi } from "vitest";
import { tensor } from "./create.js";
import { native } from "./native.js";
import { scope } from "./scope.js";
import { ParallelStreams, SideStream } from "./streams.js";

/** Has a device of named streams stand in for the addon's, and writes down what it is told. */
function watched(): { reported: string[]; work: () => void } {
  const reported: string[] = [];
  const streams = ["own"];
  let current = 0;
  let moments = 0;
  const note = (what: string): void => void reported.push(`${streams[current]}: ${what}`);
  const device = {
    newStream: () => streams.push(`side ${streams.length}`) - 1,
    enterStream: (_device: string, next: number) => {
      const before = current;
      current = next;
      return before;
    },
    recordMoment: () => {
      note(`moment ${++moments}`);
      return moments;
    },
    streamAwaits: (_device: string, moment: number) => {
      note(`waits for moment ${moment}`);
    },
    closeMoment: () => undefined,
    usedByStream: (tensors: readonly number[]) => {
      note(`uses ${tensors.length}`);
    },
  };
  for (const [name, stand] of Object.entries(device))
    vi.spyOn(native() as never, name as never).mockImplementation(stand as never);
  return {
    reported,
    work: () => {
      note("works");
    },
  };
}

afterEach(() => {
  vi.restoreAllMocks();
});

test("the own stream goes on after a side stream's work, and keeps what that made", () => {
  using _ = scope();
  const { reported, work } = watched();
  new SideStream("cuda:0").run(
    () => {
      work();
      return tensor([1]);
    },
    (made) => [made],
  );
  work();
  expect(reported).toEqual([
    "side 1: works",
    "side 1: moment 1",
    "own: waits for moment 1",
    "own: uses 1",
    "own: works",
  ]);
});

test("pieces begin together, after what came before, and are all waited for", () => {
  using _ = scope();
  const { reported, work } = watched();
  const images = tensor([1]);
  const piece = () => {
    work();
    return tensor([1]);
  };
  const streams = new ParallelStreams("cuda:0", 3);
  streams.run([piece, piece, piece], [images]);
  expect(reported).toEqual([
    "own: moment 1",
    ...["side 1: waits for moment 1", "side 1: uses 1", "side 1: works", "side 1: moment 2"],
    ...["side 2: waits for moment 1", "side 2: uses 1", "side 2: works", "side 2: moment 3"],
    "own: works",
    "own: waits for moment 2",
    "own: waits for moment 3",
    "own: uses 3",
  ]);
});

test("after an error the thread is on its own stream again", () => {
  using _ = scope();
  const { reported, work } = watched();
  const fail = (): never => {
    throw new Error("out of memory");
  };
  const streams = new ParallelStreams("cuda:0", 2);
  expect(() => streams.run([fail, fail], [])).toThrow("out of memory");
  expect(() => new SideStream("cuda:0").run(fail, () => [])).toThrow("out of memory");
  work();
  expect(reported.at(-1)).toBe("own: works");
});
