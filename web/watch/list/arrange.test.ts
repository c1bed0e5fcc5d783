import { describe, expect, test } from "vitest";
import type { RunSummary } from "../../../src/watch/runs.ts";
import { arranged, matching, nextOrder, type Order } from "./arrange.ts";
import { COLUMNS } from "./columns.ts";

function run(id: string, facts: Partial<RunSummary>): RunSummary {
  return {
    id,
    name: "toy",
    state: "finished",
    started: null,
    accuracy: null,
    loss: null,
    ...facts,
  } as RunSummary;
}

const runs = [
  run("seed-2", { started: "2026-01-01", loss: 2 }),
  run("seed-10", { started: "2026-01-03", loss: null }),
  run("seed-1", { state: "running", started: "2026-01-02", loss: 10 }),
];
const ids = (some: readonly RunSummary[]): string[] => some.map(({ id }) => id);
const column = (key: string) => COLUMNS.find((one) => one.key === key)!;

describe("the order", () => {
  test("without one, those that go on, then the newest", () => {
    expect(ids(arranged(runs, null))).toEqual(["seed-1", "seed-10", "seed-2"]);
  });

  test("of names counts their numbers", () => {
    const order: Order = { column: column("run"), direction: "ascending" };
    expect(ids(arranged(runs, order))).toEqual(["seed-1", "seed-2", "seed-10"]);
  });

  test("of numbers; what is not known is last both ways", () => {
    const loss = column("loss");
    expect(ids(arranged(runs, { column: loss, direction: "descending" }))).toEqual([
      "seed-1",
      "seed-2",
      "seed-10",
    ]);
    expect(ids(arranged(runs, { column: loss, direction: "ascending" }))).toEqual([
      "seed-2",
      "seed-1",
      "seed-10",
    ]);
  });

  test("by clicks: one way, the other, none", () => {
    const loss = column("loss");
    const first = nextOrder(null, loss);
    const second = nextOrder(first, loss);
    expect([first?.direction, second?.direction, nextOrder(second, loss)]).toEqual([
      "descending",
      "ascending",
      null,
    ]);
    expect(nextOrder(second, column("run"))?.direction).toBe("ascending");
  });
});

test("searching names, recipes and states", () => {
  expect(ids(matching(runs, " SEED-1"))).toEqual(["seed-10", "seed-1"]);
  expect(ids(matching(runs, "running"))).toEqual(["seed-1"]);
  expect(ids(matching(runs, "toy"))).toHaveLength(3);
});
