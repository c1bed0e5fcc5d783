// The other end of paired.mjs.
import { createInterface } from "node:readline";

/**
 * For each line N on the input, N units of work and a line about them. The last unit's value is told as `check`,
 * after `finish`, which ends what units have begun and belongs to the measured time.
 */
export async function serve(unit, finish = (check) => check) {
  for await (const line of createInterface({ input: process.stdin })) {
    const answer = begin();
    let check = null;
    for (let i = 0; i < Number(line); i++) check = await unit();
    answer(finish(check));
  }
}

/** Starts the clocks; the result stops them and tells. */
export function begin() {
  const cpu = process.cpuUsage();
  const started = performance.now();
  return (check) => {
    const seconds = (performance.now() - started) / 1000;
    const { user, system } = process.cpuUsage(cpu);
    const peakMemory = process.resourceUsage().maxRSS * 1024;
    console.log(JSON.stringify({ seconds, cpuSeconds: (user + system) / 1e6, peakMemory, check }));
  };
}
