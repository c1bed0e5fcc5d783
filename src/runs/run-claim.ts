import {
  existsSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { rename, writeFileAtomic, writeFailure } from "../support/atomic-file.js";
import { LongtailError, UsageError } from "../support/errors.js";
import { shellQuoted } from "../support/text.js";
import { prettyJson } from "../support/json.js";
import { makeFolder } from "../support/paths.js";
import { freeName, type RunDescription, type RunFolder, runFolder } from "./run-folder.js";
import { processCard } from "../support/process.js";
import { lockFile } from "../torch/files.js";

/** Name of the file in a run's folder that says who has it. */
const LOCK_FILE = "lock";
/** Name of a claim's scratch folder, in the run's. */
const SCRATCH = ".scratch.tmp";

/** Another training has the run's folder. */
export class RunTakenError extends UsageError {}

/** A run's folder that is this process's. */
interface RunLock extends Disposable {
  /** @throws LongtailError when the folder is no longer where it was. */
  assertInPlace(): void;
  /** Removes the file, from a folder that came to hold no run. */
  remove(): void;
}

/**
 * Takes a run's folder for this process, until it is disposed of or the process ends. The folder has to be there.
 * @throws RunTakenError when another training has the folder.
 */
function lockRun(folder: string): RunLock {
  const path = join(folder, LOCK_FILE);
  const lock = lockFile(path);
  if (lock === null)
    throw new RunTakenError(
      `${folder}: another training writes to it (${textOf(path)?.split("\n")[0]}). Wait for its end, or choose another --out.`,
    );
  const own = `${processCard()}since ${new Date().toISOString()}\n`;
  try {
    writeFileSync(path, own);
  } catch (error) {
    lock[Symbol.dispose]();
    throw writeFailure(path, error);
  }
  return {
    // By what it says, since not all file systems have lasting numbers for their files.
    assertInPlace: () => {
      if (textOf(path) !== own) throw new LongtailError(movedMessage(folder, lock.file));
    },
    remove: () => {
      if (textOf(path) === own) rmSync(path);
    },
    [Symbol.dispose]: () => {
      lock[Symbol.dispose]();
    },
  };
}

function movedMessage(folder: string, file: number): string {
  const now = nameOf(file);
  const where =
    now === null || now.endsWith(" (deleted)")
      ? "What was written to it is gone with it."
      : `It is ${dirname(now)} now; \`longtail train ${shellQuoted(dirname(now))} --resume\` resumes it there.`;
  return `${folder}: expected the run's folder, which this process had locked; found that it was moved or removed during the training. ${where}`;
}

/** Where an open file is now; Linux alone knows. */
function nameOf(file: number): string | null {
  try {
    return readlinkSync(`/proc/self/fd/${file}`);
  } catch {
    return null;
  }
}

function textOf(path: string): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

export interface ClaimOptions {
  /** Whether a run that is there is moved aside when the new one begins. */
  readonly force?: boolean | undefined;
  /** Whether a run that is there is resumed, or begun again where it has no checkpoint. */
  readonly resume?: boolean | undefined;
}

/**
 * A run's folder that this process alone writes to. Claim it before anything of the run is read, so that what was read holds
 * until the end; a claim that comes to nothing leaves what was there before.
 */
export class RunClaim implements Disposable {
  readonly folder: RunFolder;
  readonly #resume: boolean;
  /** Topmost folder that was made for the claim. */
  readonly #made: string | undefined;
  #lock: RunLock;

  /** @throws UsageError when another training has the folder, or when it holds what a run must not write to. */
  constructor(path: string, { force = false, resume = false }: ClaimOptions = {}) {
    this.folder = runFolder(path);
    this.#resume = resume;
    assertFree(path, { force, resume });
    this.#made = makeRunFolder(this.folder.path);
    this.#lock = lockRun(path);
    try {
      assertFree(path, { force, resume }); // another training may have begun and ended meanwhile
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Begins a run: writes recipe.json. A run that was there is moved to `PATH.previous-N` unless it is to be resumed. */
  begin(description: RunDescription): void {
    const { path, recipe, lastCheckpoint } = this.folder;
    removeLeftovers(this.folder);
    if (!this.#resume && holdsRun(path)) this.#moveAside();
    writeFileAtomic(recipe, prettyJson(description)); // first: a folder where not even this fits holds no run
    makeFolder(dirname(lastCheckpoint));
  }

  /** An empty folder in the run's, for a training that may take its place. Of a crash it is left over until the run is begun or resumed. */
  makeScratch(): string {
    const path = join(this.folder.path, SCRATCH);
    rmSync(path, { recursive: true, force: true });
    makeFolder(path);
    return path;
  }

  /**
   * Puts a finished run, of the scratch folder, in this one's place. File by file, since the folder may be a link or a file system
   * of its own, which cannot be renamed. What the other run's log and events say of its folder becomes this one.
   * @throws LongtailError where the file system refuses; this run is in its place again.
   */
  replaceBy(other: string): void {
    const { path } = this.folder;
    renameInLogs(runFolder(other), path);
    const aside = `${other}-replaced`;
    makeFolder(aside);
    const moved: [from: string, to: string][] = [];
    const moveAll = (from: string, to: string): void => {
      for (const name of readdirSync(from).filter((one) => one !== LOCK_FILE && !isLeftover(one))) {
        rename(join(from, name), join(to, name));
        moved.push([join(from, name), join(to, name)]);
      }
    };
    try {
      moveAll(path, aside);
      moveAll(other, path);
    } catch (error) {
      for (const [from, to] of moved.reverse()) renameSync(to, from);
      throw error;
    }
  }

  /** @throws LongtailError when the folder is no longer where it was. */
  assertInPlace(): void {
    this.#lock.assertInPlace();
  }

  [Symbol.dispose](): void {
    const isEmpty = !holdsRun(this.folder.path);
    if (isEmpty) this.#lock.remove();
    this.#lock[Symbol.dispose]();
    if (isEmpty && this.#made !== undefined) removeEmpty(this.folder.path, this.#made);
  }

  /** The run that is there keeps its lock until the new folder is this process's. A link to the folder stays one. */
  #moveAside(): void {
    const place = realpathSync(this.folder.path);
    rename(place, freeName(`${place}.previous-`));
    makeRunFolder(place);
    using _old = this.#lock;
    this.#lock = lockRun(this.folder.path);
  }
}

/** What a crash in the middle of writing left behind. The run's folder has to be this process's: nobody else is writing. */
export function removeLeftovers({ path, lastCheckpoint, report }: RunFolder): void {
  for (const folder of [path, dirname(lastCheckpoint), dirname(report)].filter((one) => existsSync(one)))
    for (const name of readdirSync(folder))
      if (isLeftover(name)) rmSync(join(folder, name), { recursive: true, force: true });
}

/** What a run's log and events say of its folder, for another one. */
function renameInLogs({ path, log, metrics }: RunFolder, to: string): void {
  const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);
  for (const [file, written] of [
    [log, String],
    [metrics, inJson],
  ] as const) {
    const text = textOf(file);
    if (text !== null)
      writeFileAtomic(
        file,
        text.replaceAll(written(path), () => written(to)),
      );
  }
}

function isLeftover(name: string): boolean {
  return /^\..*\.tmp$/.test(name);
}

/**
 * Refuses a folder that a run must not write to: one that holds a run (unless it is moved aside or resumed) or other files
 * (always).
 */
function assertFree(path: string, { force, resume }: { force: boolean; resume: boolean }): void {
  if (!existsSync(path)) return;
  if (!statSync(path).isDirectory())
    throw new UsageError(`${path} is a file; expected a folder for the run, or none.`);
  if (holdsRun(path)) {
    if (force || resume) return;
    throw new UsageError(
      `${path} already holds a run. Choose another --out, resume it with --resume, or move it aside with --force.`,
    );
  }
  const file = readdirSync(path).find((name) => name !== LOCK_FILE && !isLeftover(name));
  if (file !== undefined)
    throw new UsageError(
      `${path} holds files of no run (${file}, for one). Choose an empty or a new folder.`,
    );
}

function holdsRun(path: string): boolean {
  return existsSync(join(path, "recipe.json")) || existsSync(join(path, "checkpoints"));
}

function makeRunFolder(path: string): string | undefined {
  try {
    return makeFolder(path);
  } catch (error) {
    if (error instanceof LongtailError) throw error;
    throw new LongtailError(`cannot make the run's folder ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Removes a folder and those above it up to `last`, as far as they are empty. */
function removeEmpty(folder: string, last: string): void {
  try {
    rmdirSync(folder);
    if (resolve(folder) !== resolve(last)) removeEmpty(dirname(folder), last);
  } catch {
    // Something is in it.
  }
}
