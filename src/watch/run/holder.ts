import { readdir, readlink, realpath } from "node:fs/promises";
import { join } from "node:path";
import { isRunning } from "../../support/leftovers.js";
import { isVisible, processIn } from "../../support/process.js";
import { openRegular } from "../files/line-tail.js";

/** Whose the run's folder is: a process here, one that has ended, or nobody's that we can see (another machine's, a container's). */
export type Holder = { readonly kind: "here"; readonly pid: number } | { readonly kind: "gone" | "unknown" };

/**
 * Looks at the file `lock` of a run (runs/run-claim.ts): it names the process that has, or last had, the folder.
 * Taking the lock to try it would be in the way of a training that begins just then.
 */
export async function holderOf(folder: string): Promise<Holder> {
  const path = join(folder, "lock");
  const named = processIn(await textOfFile(path));
  if (named === null || !isVisible(named)) return { kind: "unknown" };
  const { pid } = named;
  return (await hasOpen(pid, path)) ? { kind: "here", pid } : { kind: "gone" };
}

async function textOfFile(path: string): Promise<string> {
  const file = await openRegular(path);
  if (file === null) return "";
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(512), 0, 512, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } catch {
    return "";
  } finally {
    await file.close();
  }
}

/** Whether the process has the file open: a number may be another process's by now. Of another user's we see no files. */
async function hasOpen(pid: number, path: string): Promise<boolean> {
  if (!isRunning(pid)) return false;
  const files = `/proc/${pid}/fd`;
  const names = await readdir(files).catch(() => null);
  if (names === null) return true;
  const wanted = await realpath(path).catch(() => path);
  const open = await Promise.all(names.map((name) => readlink(join(files, name)).catch(() => "")));
  return open.includes(wanted);
}
