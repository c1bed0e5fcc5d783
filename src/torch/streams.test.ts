/** On a CPU a stream does its work at once; what is left to see is that everything is handed through and closed. */
import { expect, test } from "vitest";
import { tensor } from "./create.js";
import { memory, scope } from "./scope.js";
import { Moment, ParallelStreams, SideStream } from "./streams.js";
import type { Tensor } from "./tensor.js";

test("a side stream's results belong to the scope around it", () => {
  const before = memory();
  {
    using _ = scope();
    const stream = new SideStream("cpu");
    const { sum, label } = stream.run(
      () => ({ sum: tensor([1, 2]).sum(), label: "both" }),
      (made) => [made.sum],
    );
    expect([sum.item(), label]).toEqual([3, "both"]);
  }
  expect(memory()).toEqual(before);
});

test("what goes wrong in one is thrown, and it goes on being of use", () => {
  const stream = new SideStream("cpu");
  const none = (): Tensor[] => [];
  const fail = (): never => {
    throw new Error("in between");
  };
  expect(() => stream.run(fail, none)).toThrow("in between");
  expect(stream.run(() => 7, none)).toBe(7);
});

test("moments", () => {
  const moment = new Moment("cpu");
  moment.delayStream();
  moment.wait();
  moment[Symbol.dispose]();
  expect(() => {
    moment.wait();
  }).toThrow("this moment was closed");
});

test("a device that is not there is an error", () => {
  expect(() => new SideStream("nowhere")).toThrow(/nowhere/);
});

test("parallel streams give each piece's result in order, and hold nothing afterwards", () => {
  const before = memory();
  {
    using _ = scope();
    const streams = new ParallelStreams("cpu", 3);
    const x = tensor([2]);
    const pieces = [1, 2, 3].map((factor) => () => x.mul(factor));
    for (let again = 0; again < 2; again += 1)
      expect(streams.run(pieces, [x]).map((one) => one.item())).toEqual([2, 4, 6]);
    expect(streams.run([], [])).toEqual([]);
  }
  expect(memory()).toEqual(before);
});
