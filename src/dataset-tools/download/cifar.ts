import { basename, dirname, join, normalize } from "node:path";
import { newFolder, requireAbsent, writeTogether } from "../output-set.js";
import { download, type DownloadOptions, type Published } from "./resumable.js";
import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { clauseOf, DataError, systemCode } from "../../support/errors.js";
import { makeFolder } from "../../support/paths.js";

export type CifarName = "cifar10" | "cifar100";
export type CifarFormat = "binary" | "python";

interface CifarArchive extends Published {
  /** The archive's own folder. */
  readonly folder: string;
}

const PUBLISHER = "https://www.cs.toronto.edu/~kriz";

/** Krizhevsky's archives, with the checksums of his page (cifar.html). */
export const CIFAR_ARCHIVES: Readonly<Record<CifarName, Readonly<Record<CifarFormat, CifarArchive>>>> = {
  cifar10: {
    binary: {
      url: `${PUBLISHER}/cifar-10-binary.tar.gz`,
      md5: "c32a1d4ab5d03f1284b67883e8d87530",
      folder: "cifar-10-batches-bin",
    },
    python: {
      url: `${PUBLISHER}/cifar-10-python.tar.gz`,
      md5: "c58f30108f718f92721af3b95e74349a",
      folder: "cifar-10-batches-py",
    },
  },
  cifar100: {
    binary: {
      url: `${PUBLISHER}/cifar-100-binary.tar.gz`,
      md5: "03b5dce01913d631647c71ecec9e9cb8",
      folder: "cifar-100-binary",
    },
    python: {
      url: `${PUBLISHER}/cifar-100-python.tar.gz`,
      md5: "eb9058c3a382ffc7106e4002c42a8d85",
      folder: "cifar-100-python",
    },
  },
};

export interface CifarDownload extends Pick<DownloadOptions, "signal" | "onProgress"> {
  /** Gets the archive and its folder. */
  readonly to: string;
  /** Another address of the same archive; null: the publisher's. */
  readonly url: string | null;
  readonly force: boolean;
}

/**
 * Downloads an archive, checks it and unpacks it beside itself. What is there of it is not downloaded again.
 * @returns the folder that it unpacks to
 */
export async function downloadCifar(archive: CifarArchive, options: CifarDownload): Promise<string> {
  const { to, url, force } = options;
  const folder = join(to, archive.folder);
  requireAbsent(folder, { replace: force });
  const path = join(to, fileName(archive.url));
  await download({ ...archive, url: url ?? archive.url }, { ...options, path });
  await unpackTarGz(path, { member: archive.folder, folder, force });
  return folder;
}

function fileName(url: string): string {
  return url.slice(url.lastIndexOf("/") + 1);
}

/**
 * Unpacks the files below `member` of a .tar.gz to `folder`, which is whole or absent.
 * @throws DataError when the archive is damaged, or holds nothing of the sort
 */
async function unpackTarGz(
  archive: string,
  { member, folder, force }: { readonly member: string; readonly folder: string; readonly force: boolean },
): Promise<void> {
  const [out, name] = [dirname(folder), basename(folder)];
  await writeTogether({ out, names: [name], replace: force }, async (temporary) => {
    const target = newFolder(temporary, name);
    const tar = extract();
    const unzipped = pipeline(createReadStream(archive), createGunzip(), tar);
    const unpacked = unpackEntries(tar, { member, folder: target });
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
      makeFolder(dirname(target));
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
  return new DataError(`${archive}: the archive is damaged: ${clauseOf(error)}.`, { cause: error });
}
