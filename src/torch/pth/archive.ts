import { shortened } from "../../support/budget.js";
import { CheckpointError } from "../../support/errors.js";
import type { InputFile } from "../input-file.js";
import { ByteReader, memorySource } from "./byte-reader.js";
import { requireLittleEndian, unpickleObject } from "./object.js";
import { readStored, type StoredEntry, zipEntries } from "./zip.js";
export const ARCHIVE_START = [0x50, 0x4b, 0x03, 0x04];

/** PyTorch's format since 1.6: a zip archive of NAME/data.pkl and NAME/data/KEY for each storage. */
export function readArchive(file: InputFile): unknown {
  const entries = zipEntries(file);
  const pickle = [...entries.values()].find(({ name }) => /^[^/]*\/data\.pkl$/.test(name));
  if (pickle === undefined)
    throw new CheckpointError(`${file.path}: a zip archive without PyTorch's data.pkl`);
  const folder = pickle.name.slice(0, -"data.pkl".length);
  const entry = (name: string): StoredEntry => {
    const found = entries.get(folder + name);
    if (found === undefined)
      throw new CheckpointError(`${file.path}: damaged: it lacks ${shortened(folder + name)}`);
    return found;
  };
  const order = entries.get(`${folder}byteorder`);
  if (order !== undefined)
    requireLittleEndian(file.path, Buffer.from(readStored(file, order)).toString() === "little");
  const reader = new ByteReader(memorySource(file.path, readStored(file, pickle)));
  return unpickleObject(reader, (key) => readStored(file, entry(`data/${key}`)));
}
