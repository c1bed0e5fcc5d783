/**
 * PyTorch's own files, as torch.save writes them: an archive of a pickle and one entry for each storage, or a row of
 * pickles with the storages behind them. No code of the file is run.
 */
import { CheckpointError } from "../../support/errors.js";
import { InputFile } from "../input-file.js";
import { ARCHIVE_START, readArchive } from "./archive.js";
import { LEGACY_START, readLegacy } from "./legacy.js";

/** Whether a file begins as torch.save's files do. */
export function isPth(path: string): boolean {
  using file = new InputFile(path, ".pth");
  return startsWith(file, ARCHIVE_START) || startsWith(file, LEGACY_START);
}

/**
 * What torch.save saved: dictionaries as Maps, lists and tuples as arrays, whole numbers as number or bigint, tensors
 * in the scope that is open, sharing memory where they did.
 * @throws CheckpointError when the file is damaged, of another kind, or refers to code.
 */
export function readPth(path: string): unknown {
  using file = new InputFile(path, ".pth");
  if (startsWith(file, ARCHIVE_START)) return readArchive(file);
  if (startsWith(file, LEGACY_START)) return readLegacy(file);
  throw new CheckpointError(`${path}: not a PyTorch file: expected a zip archive or PyTorch's older format`);
}

function startsWith(file: InputFile, bytes: readonly number[]): boolean {
  if (file.size < bytes.length) return false;
  const start = file.read(bytes.length, 0, "its first bytes");
  return bytes.every((byte, i) => start[i] === byte);
}
