import { createWriteStream, mkdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Entry, openPromise, type ZipFile } from "yauzl";
import { EngineError } from "../support/errors.js";

const licences = /^[^/]+\.dist-info\/licen[cs]es?\//i;

/**
 * Unpacks from a wheel (a ZIP file) what `members` name, and its licences, into `folder`.
 *
 * @param members exact paths, or folders that end in "/".
 * @param onBytes called as files are written, with the bytes so far and all that will be written.
 * @throws EngineError when the wheel is damaged or lacks a member.
 */
export async function extractWheel(
  wheel: string,
  members: readonly string[],
  folder: string,
  onBytes: (bytes: number, total: number) => void = () => undefined,
): Promise<void> {
  const zip = await openPromise(wheel, { autoClose: false }).catch(damaged(wheel));
  try {
    const entries = await wantedEntries(zip, members).catch(damaged(wheel));
    assertComplete(wheel, members, entries);
    const total = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
    let bytes = 0;
    for (const entry of entries) {
      await extractEntry(zip, entry, join(folder, entry.fileName)).catch(damaged(wheel));
      bytes += entry.uncompressedSize;
      onBytes(bytes, total);
    }
  } finally {
    zip.close();
  }
}

async function wantedEntries(zip: ZipFile, members: readonly string[]): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of zip.eachEntry()) {
    const name = entry.fileName;
    if (name.endsWith("/")) continue;
    if (licences.test(name) || members.some((member) => isPart(name, member))) entries.push(entry);
  }
  return entries;
}

function isPart(name: string, member: string): boolean {
  return member.endsWith("/") ? name.startsWith(member) : name === member;
}

function assertComplete(wheel: string, members: readonly string[], entries: readonly Entry[]): void {
  const missing = members.find((member) => !entries.some(({ fileName }) => isPart(fileName, member)));
  if (missing !== undefined)
    throw new EngineError(`${basename(wheel)}: expected ${missing} in it, found none`);
}

async function extractEntry(zip: ZipFile, entry: Entry, path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(path));
}

/** Errors of the system (a full disk) pass; what remains is the ZIP reader's word on the file. */
function damaged(wheel: string) {
  return (error: unknown): never => {
    if (!(error instanceof Error) || "code" in error) throw error;
    throw new EngineError(`${basename(wheel)} is damaged: ${error.message}; install again`, { cause: error });
  };
}
