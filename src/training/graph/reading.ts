import { keepForever, dispose } from "../../torch/scope.js";
import { Moment } from "../../torch/streams.js";
import { type ComputedStep, readOutcome, type StepOutcome } from "../step.js";

/** What a step will have told. Read it once, or dispose of it. */
export interface Reading extends Disposable {
  /** Waits for the step. */
  read(): StepOutcome;
}

/** Of a step that has told already. */
export function readAlready(outcome: StepOutcome): Reading {
  return { read: () => outcome, [Symbol.dispose]: () => undefined };
}

/**
 * Has what a step tells copied to the program's memory as soon as the device has computed it, and waits for that only when
 * it is read: the device is given the next step meanwhile, which may write its own values where these were.
 */
export function readLater(step: ComputedStep): Reading {
  const { device } = step.values;
  const values = keepForever(step.values.toCopyIfNeeded({ device: "cpu", nonBlocking: true, copy: true }));
  const copied = new Moment(device);
  const close = (): void => {
    copied[Symbol.dispose]();
    dispose(values);
  };
  return {
    read() {
      copied.wait();
      const outcome = readOutcome({ ...step, values });
      close();
      return outcome;
    },
    [Symbol.dispose]: close,
  };
}
