// Runs competitors side by side: each is a process that reads a line "N" on its input, does N units of work and
// answers with one JSON line { seconds, cpuSeconds }. Rounds are interleaved, so that what else the machine does
// falls on all of them alike; figures are ratios of the same rounds.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

class Competitor {
  constructor({ name, command, env }) {
    this.name = name;
    this.rounds = [];
    this.process = spawn(command[0], command.slice(1), {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, ...env },
    });
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async ask(line) {
    this.process.stdin.write(`${line}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error(`${this.name} ended before its answer`);
    return JSON.parse(value);
  }

  end() {
    this.process.stdin.end();
    this.process.kill();
  }
}

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

const spreadOf = (values) => ({
  median: median(values),
  least: Math.min(...values),
  most: Math.max(...values),
});

/**
 * Rows { name, milliseconds, cpuMilliseconds, ratio, cpuRatio, peakMemory, check } for each competitor; a ratio is
 * { median, least, most } of what it takes to what the first one takes, round by round.
 */
export async function race(competitors, { rounds, unitsPerRound, warmUp }) {
  const started = competitors.map((competitor) => new Competitor(competitor));
  try {
    for (const competitor of started) await competitor.ask(warmUp);
    for (let round = 0; round < rounds; round++) {
      for (const competitor of started) competitor.rounds.push(await competitor.ask(unitsPerRound));
      process.stderr.write(`\rround ${round + 1}/${rounds}`);
    }
    process.stderr.write("\n");
    const base = started[0].rounds;
    const ratioTo = (own, key) => spreadOf(own.map((round, i) => round[key] / base[i][key]));
    return started.map(({ name, rounds: own }) => ({
      name,
      milliseconds: (1000 * median(own.map((r) => r.seconds))) / unitsPerRound,
      cpuMilliseconds: (1000 * median(own.map((r) => r.cpuSeconds))) / unitsPerRound,
      ratio: ratioTo(own, "seconds"),
      cpuRatio: ratioTo(own, "cpuSeconds"),
      peakMemory: own.at(-1).peakMemory,
      check: own.at(-1).check,
    }));
  } finally {
    for (const competitor of started) competitor.end();
  }
}

/** Prints race()'s rows as a table. */
export function printRace(title, rows) {
  console.log(`\n${title}`);
  console.log(
    "                        wall ms    CPU ms   ratio to the first: median (least … most)   of CPU time   peak memory",
  );
  for (const { name, milliseconds, cpuMilliseconds, ratio, cpuRatio, peakMemory } of rows) {
    const spread = `${ratio.median.toFixed(3)} (${ratio.least.toFixed(3)} … ${ratio.most.toFixed(3)})`;
    const memory = `${(peakMemory / 2 ** 30).toFixed(2)} GiB`;
    console.log(
      name.padEnd(22) +
        milliseconds.toFixed(1).padStart(9) +
        cpuMilliseconds.toFixed(1).padStart(10) +
        spread.padStart(44) +
        cpuRatio.median.toFixed(3).padStart(14) +
        memory.padStart(14),
    );
  }
}
