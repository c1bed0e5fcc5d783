import { cpSync, mkdirSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { run } from "./main.js";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process and catches what it prints. */
export async function longtail(...args: string[]): Promise<Outcome> {
  const printed = { stdout: "", stderr: "" };
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((chunk) => {
      printed[name] += chunk.toString();
      return true;
    }),
  );
  vi.spyOn(console, "error").mockImplementation((text: string) => void (printed.stderr += `${text}\n`));
  vi.spyOn(console, "log").mockImplementation((text: string) => void (printed.stdout += `${text}\n`));
  try {
    return { code: await run(args), ...printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
    vi.restoreAllMocks();
  }
}

/** A folder of photographs: three classes with a long tail, some seconds to train on. */
export function smallPhotographs(): string {
  const folder = mkdtempSync(join(tmpdir(), "longtail-photographs-"));
  const from = join(import.meta.dirname, "../../examples/caltech20-lt");
  for (const [name, images] of [
    ["airplanes", 24],
    ["helicopter", 6],
    ["scorpion", 3],
  ] as const) {
    copyFirst(join(from, "train", name), join(folder, "train", name), images);
    copyFirst(join(from, "test", name), join(folder, "test", name), 4);
  }
  return folder;
}

function copyFirst(from: string, to: string, count: number): void {
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(from).sort().slice(0, count)) cpSync(join(from, file), join(to, file));
}

/** A training of seconds: --set arguments for caltech20-lt-ce or -ncl. */
export const quick: readonly string[] = [
  "epochs=2",
  "data.batch=8",
  "data.imageSize=16",
  'data.train=[{"kind":"resize-exact","height":16,"width":16}]',
  'data.test=[{"kind":"resize-exact","height":16,"width":16}]',
].flatMap((change) => ["--set", change]);
