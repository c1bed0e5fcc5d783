/** The first machine of a list as Slurm writes it: "gpu[03-05,9],login" → "gpu03". */
export function firstHost(list: string): string {
  const [, name = "", numbers, suffix = ""] = /^([^[,]*)(?:\[([^\],-]+)[^\]]*\])?([^,]*)/.exec(list) ?? [];
  return `${name}${numbers ?? ""}${suffix}`;
}

const FIRST_PORT = 20_000;
const PORTS = 10_000;

/** A port that all processes of a job come to, and those of another job hardly ever do. */
export function portOfJob(job: string): number {
  return FIRST_PORT + (Number(job) % PORTS);
}
