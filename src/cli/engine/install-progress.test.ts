import { expect, test } from "vitest";
import type { InstallProgress } from "../../package-index/install-wheels.js";
import { installProgress } from "./install-progress.js";

const torch = "torch-2.11.0.whl";
const steps: readonly [number, InstallProgress][] = [
  [0, { kind: "wait", pid: 42, host: "node7", lock: "/cache/torch.lock" }],
  [1_000, { kind: "download", file: torch, size: "530.7 MB", bytes: 0 }],
  [9_000, { kind: "download", file: torch, size: "530.7 MB", bytes: 200e6 }],
  [12_000, { kind: "download", file: torch, size: "530.7 MB", bytes: 300e6 }],
  [13_000, { kind: "extract", file: torch, bytes: 1e6, total: 492e6 }],
  [14_000, { kind: "extract", file: torch, bytes: 491e6, total: 492e6 }],
];

function show(isTTY: boolean): string {
  let text = "";
  let time = 0;
  using progress = installProgress({ isTTY, write: (part) => (text += part) }, () => time);
  for (const [at, step] of steps) {
    time = at;
    progress.show(step);
  }
  progress.end();
  return text;
}

test("without a terminal there is a line per file and one every ten seconds", () => {
  expect(show(false)).toMatchInlineSnapshot(`
    "waiting for another installation (process 42 on node7); if that no longer runs it is taken over within two minutes, at once when /cache/torch.lock is removed
    downloading torch-2.11.0.whl (530.7 MB): 0 B so far
    downloading torch-2.11.0.whl (530.7 MB): 300.0 MB so far
    unpacking torch-2.11.0.whl: 1.0 MB of 492.0 MB
    "
  `);
});

test("on a terminal one line is redrawn, and left at the end", () => {
  const text = show(true);
  expect(text.split("\n")).toHaveLength(2);
  expect(text.split("\r\u001b[2K")).toHaveLength(steps.length + 1);
  expect(text.endsWith("unpacking torch-2.11.0.whl: 491.0 MB of 492.0 MB\n")).toBe(true);
});
