import { expect, test, vi } from "vitest";
import { listenForInterrupt } from "./interrupt.js";

test("the first signal aborts, the second ends the process with 130", () => {
  const exit = vi
    .spyOn(process, "exit")
    .mockImplementation((() => undefined) as unknown as typeof process.exit);
  const listeners = process.listenerCount("SIGINT");
  {
    using interrupt = listenForInterrupt();
    expect(interrupt.signal.aborted).toBe(false);
    process.emit("SIGINT");
    expect(interrupt.signal.aborted).toBe(true);
    expect(exit).not.toHaveBeenCalled();
    process.emit("SIGTERM");
    expect(exit).toHaveBeenCalledWith(130);
  }
  expect(process.listenerCount("SIGINT")).toBe(listeners);
  exit.mockRestore();
});
