import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { openRegular } from "../files/line-tail.js";

/** A report of a thousand classes is 2 MB. */
const MAX_BYTES = 64 << 20;

/** Whether a run has a report to show. */
export async function hasReport(folder: string): Promise<boolean> {
  const found = await lstat(join(folder, "report/index.html")).catch(() => null);
  return found !== null && found.isFile() && found.size <= MAX_BYTES && (await isFolder(folder));
}

/** The page about a run that `longtail train` and `longtail report` write; null when there is none. Links are not followed. */
export async function readReport(folder: string): Promise<Uint8Array<ArrayBuffer> | null> {
  if (!(await hasReport(folder))) return null;
  const file = await openRegular(join(folder, "report/index.html"));
  if (file === null) return null;
  try {
    return new Uint8Array(await file.readFile());
  } catch {
    return null; // gone since, or a mount that does not answer
  } finally {
    await file.close();
  }
}

async function isFolder(folder: string): Promise<boolean> {
  return (await lstat(join(folder, "report")).catch(() => null))?.isDirectory() === true;
}
