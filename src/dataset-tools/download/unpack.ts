import { createReadStream, createWriteStream, mkdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { writeFolderAtomic } from "../../support/atomic-folder.js";
import { DataError, systemCode } from "../../support/errors.js";

/**
 * Unpacks the files below `member` of a .tar.gz to `folder`, which is whole or absent.
 * @throws DataError when the archive is damaged, or holds nothing of the sort
 */
export async function unpackTarGz(
  archive: string,
  { member, folder, force }: { readonly member: string; readonly folder: string; readonly force: boolean },
): Promise<void> {
  await writeFolderAtomic(folder, { replace: force }, async (temporary) => {
    const tar = extract();
    const unzipped = pipeline(createReadStream(archive), createGunzip(), tar);
    const unpacked = unpackEntries(tar, { member, folder: temporary });
    try {
      const [files] = await Promise.all([unpacked, unzipped]);
      if (files === 0) throw new DataError(`${archive}: expected files in a folder ${member}, found none.`);
    } catch (error) {
      throw damage(archive, error);
    }
  });
}

/** Returns how many files there were. */
async function unpackEntries(
  tar: ReturnType<typeof extract>,
  { member, folder }: { readonly member: string; readonly folder: string },
): Promise<number> {
  let files = 0;
  for await (const entry of tar) {
    const { name, type } = entry.header;
    const path = normalize(name);
    if (type === "file" && path.startsWith(`${member}/`)) {
      const target = join(folder, path.slice(member.length + 1));
      mkdirSync(dirname(target), { recursive: true });
      await pipeline(entry, createWriteStream(target));
      files += 1;
    } else {
      entry.resume();
    }
  }
  return files;
}

/** Errors of the disk pass; the others are of gunzip and tar. */
function damage(archive: string, error: unknown): unknown {
  const code = systemCode(error);
  if (
    error instanceof DataError ||
    (code !== undefined && !code.startsWith("Z_") && !code.startsWith("ERR_"))
  )
    return error;
  return new DataError(`${archive}: the archive is damaged: ${(error as Error).message}.`, { cause: error });
}
