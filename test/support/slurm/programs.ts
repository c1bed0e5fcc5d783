/** Slurm's programs, and munge, which it trusts: Debian's packages slurmctld, slurmd, slurm-client and munge. */
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["munged", "slurmctld", "slurmd", "sbatch", "srun", "scancel", "sinfo"] as const;

export type SlurmPrograms = Readonly<Record<(typeof NAMES)[number], string>>;

/** Where they are, or why there is no Slurm here. */
export function slurmPrograms(): SlurmPrograms | { missing: string } {
  if (process.getuid?.() !== 0) return { missing: "slurmd starts jobs as root alone" };
  const found = NAMES.map((name) => [name, pathOf(name)] as const);
  const missing = found.filter(([, path]) => path === undefined).map(([name]) => name);
  if (missing.length > 0)
    return {
      missing: `no ${missing.join(", ")} (apt install --no-install-recommends slurmctld slurmd slurm-client munge)`,
    };
  return Object.fromEntries(found) as unknown as SlurmPrograms;
}

function pathOf(program: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
