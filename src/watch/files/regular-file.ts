import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";

/**
 * Opens a file to read. Null when there is none, or when it is a link, a pipe or anything but a file: a link may lead
 * out of the folder that is shown, and a pipe never ends.
 */
export async function openRegular(path: string): Promise<FileHandle | null> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if ((await file.stat()).isFile()) return file;
    await file.close();
  } catch {
    // Not there, not ours to read, or gone since: all the same to those who only look.
  }
  return null;
}
