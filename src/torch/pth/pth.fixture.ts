/** Files of weights whose pickle is written by hand. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeFileAtomic } from "../../support/atomic-file.js";
import { zipOf } from "./write.js";

/** A temporary folder, removed when disposed of. */
export function temporaryFolder(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), "longtail-pth-"));
  return {
    path,
    [Symbol.dispose]() {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** An archive with the given pickle, latin1, and further entries. */
export function writeArchive(path: string, pickle: string, entries: Record<string, string> = {}): void {
  const all = { "data.pkl": pickle, version: "3\n", ...entries };
  writeFileAtomic(
    path,
    zipOf(
      Object.entries(all).map(([name, content]) => ({
        name: `archive/${name}`,
        bytes: () => Buffer.from(content, "latin1"),
      })),
    ),
  );
}
