import { Socket } from "node:net";

/** Names the descriptor of a pipe that the launcher holds the other end of, as long as it lives. */
const VARIABLE = "LONGTAIL_LIFELINE";
/** The first one after the standard streams. */
const DESCRIPTOR = 3;

/** How long an interrupted training may take for its last step and checkpoint. */
export const INTERRUPTED_MS = 120_000;

/** What a launcher gives a process so that it ends with it: a pipe after the standard streams, and its name. */
export const lifeline = {
  stdio: "pipe",
  environment: { [VARIABLE]: String(DESCRIPTOR) },
} as const;

/**
 * Ends this process when its launcher is gone, in whatever way: as SIGTERM does, so that a training leaves a checkpoint.
 * Nothing where no launcher gave it a pipe.
 */
export function followLauncher(): void {
  const descriptor = process.env[VARIABLE];
  if (descriptor === undefined) return;
  Reflect.deleteProperty(process.env, VARIABLE); // processes that this one starts have no such pipe
  const pipe = new Socket({ fd: Number(descriptor) });
  pipe.on("error", () => undefined); // it closes after it
  pipe.once("close", endWithout);
  pipe.resume().unref();
}

function endWithout(): void {
  process.kill(process.pid, "SIGTERM");
  setTimeout(() => {
    process.kill(process.pid, "SIGKILL");
  }, INTERRUPTED_MS).unref();
}
