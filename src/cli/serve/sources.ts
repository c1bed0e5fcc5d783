import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, renameSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { LongtailError, UsageError } from "../../index.js";
import { runFolder } from "../../runs/run-folder.js";
import { longtailVersion } from "../../runs/versions.js";
import { type ModelSource, nameOfModel } from "../../serve/models.js";
import { makeFolder, userCacheFolder } from "../../support/paths.js";
import type { Output } from "../output.js";

/** A model as the command line names it: an ONNX file, a run or a checkpoint, with NAME= before it where it has another name. */
export function modelSource(named: string, to: Pick<Output, "say">): ModelSource {
  const [, given, rest] = /^([\w.-]+)=(.+)$/s.exec(named) ?? [];
  const path = existsSync(named) ? named : (rest ?? named);
  if (!existsSync(path))
    throw new UsageError(`${path}: expected an ONNX file or a run's folder, found nothing`);
  const name = path === named ? nameOfModel(path) : given!;
  if (path.endsWith(".onnx")) return { name, path, watched: path, file: () => Promise.resolve(path) };
  const watched = statSync(path).isDirectory() ? checkpointOf(path) : path;
  return { name, path, watched, file: () => exportedFile({ name, path, watched }, to) };
}

/** The checkpoint that is used of a run, as everywhere: the selected epoch's, else the last one. */
function checkpointOf(run: string): string {
  const { bestCheckpoint, lastCheckpoint } = runFolder(run);
  const found = [bestCheckpoint, lastCheckpoint].find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new UsageError(
    `${run}: expected an ONNX file or a run's folder, found a folder without ${lastCheckpoint}`,
  );
}

/**
 * The run as ONNX: exported by a process of its own, so that the server never holds libtorch, into the user's cache, where it is
 * found the next time.
 */
async function exportedFile(
  { name, path, watched }: Omit<ModelSource, "file">,
  to: Pick<Output, "say">,
): Promise<string> {
  const { calibration } = runFolder(path);
  const stamps = [watched, calibration].map((file) => stampOf(file));
  const key = createHash("sha256")
    .update(JSON.stringify([longtailVersion(), resolve(path), ...stamps]))
    .digest("hex")
    .slice(0, 32);
  const folder = join(userCacheFolder(), "served");
  const file = join(folder, `${key}.onnx`);
  if (existsSync(file)) return file;
  makeFolder(folder);
  to.say(`${name}: exporting ${path} to ONNX …`);
  const partial = join(folder, `${key}.${process.pid}.onnx`);
  const command = fileURLToPath(new URL("../../../bin/longtail.js", import.meta.url));
  try {
    await promisify(execFile)(process.execPath, [
      command,
      "export",
      path,
      "--format",
      "onnx",
      "--out",
      partial,
      "--quiet",
    ]);
  } catch (error) {
    const { stderr = "" } = error as { stderr?: string };
    throw new LongtailError(`${path} cannot be exported to ONNX: ${stderr.trim().replace(/^error: /, "")}`, {
      cause: error,
    });
  }
  renameSync(partial, file);
  return file;
}

function stampOf(file: string): string {
  const status = statSync(file, { throwIfNoEntry: false });
  return status === undefined ? "none" : `${status.size} ${status.mtimeMs}`;
}
