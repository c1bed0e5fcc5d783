import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const MOUNT = 'mount -t tmpfs -o size="$0" none "$1"';

/** How this machine lets us mount: as somebody who is root in a namespace of its own, or as root; undefined: not at all. */
export function findNamespace(folder: string): string | undefined {
  return ["-rm", "-m"].find((flags) => {
    const { status } = spawnSync("unshare", [flags, "sh", "-c", MOUNT, "1m", folder]);
    return status === 0;
  });
}

export interface Ended {
  readonly code: number;
  readonly stderr: string;
}

export class SmallDisk implements Disposable {
  readonly #flags: string;
  readonly #holder: ChildProcess;

  private constructor(
    holder: ChildProcess,
    flags: string,
    readonly folder: string,
  ) {
    this.#holder = holder;
    this.#flags = flags;
  }

  /** Mounts a disk of a size as mount takes it ("1m") over an empty folder. */
  static async mount(
    folder: string,
    { size, namespace }: { size: string; namespace: string },
  ): Promise<SmallDisk> {
    // cat ends with us, however we end, and the disk with it.
    const holder = spawn(
      "unshare",
      [namespace, "sh", "-c", `${MOUNT} && echo ready && exec cat`, size, folder],
      {
        stdio: ["pipe", "pipe", "inherit"],
      },
    );
    await once(holder.stdout, "data");
    return new SmallDisk(holder, namespace, folder);
  }

  /** Where this process, which does not see the disk, finds what is on it. */
  at(...names: readonly string[]): string {
    return join(`/proc/${this.#holder.pid}/root`, this.folder, ...names);
  }

  /** Runs a program that sees the disk. */
  run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Ended> {
    const into = [
      "-t",
      String(this.#holder.pid),
      "-m",
      ...(this.#flags === "-rm" ? ["-U", "--preserve-credentials"] : []),
    ];
    return new Promise((resolve) => {
      execFile(
        "nsenter",
        [...into, `--wd=${process.cwd()}`, program, ...args],
        { env },
        (error, _stdout, stderr) => {
          resolve({ code: error === null ? 0 : Number(error.code ?? 1), stderr });
        },
      );
    });
  }

  /** Gives it another size ("size=8m") or makes it read-only ("ro"). */
  async remount(options: string): Promise<void> {
    const { code, stderr } = await this.run("mount", ["-o", `remount,${options}`, this.folder]);
    if (code !== 0) throw new Error(stderr);
  }

  [Symbol.dispose](): void {
    this.#holder.stdin!.end();
  }
}
