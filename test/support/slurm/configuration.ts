import { hostname } from "node:os";
import { join } from "node:path";

export interface Ports {
  readonly controller: number;
  readonly nodes: readonly number[];
}

/** The nodes' names are addresses of the loopback interface, so that processes find the first one by its name. */
export const nodeName = (index: number): string => `127.0.0.${index + 1}`;

/**
 * slurm.conf of nodes that are this machine, all in `folder`: without accounting, cgroups or any plugin that needs more
 * than a process may do in a container. (Slurm 22.05, `man slurm.conf`.)
 */
export function configuration(folder: string, { controller, nodes }: Ports): string {
  const here = (name: string): string => join(folder, name);
  const settings = {
    ClusterName: "longtail",
    SlurmctldHost: "localhost(127.0.0.1)",
    SlurmctldPort: controller,
    SlurmUser: "root",
    AuthType: "auth/munge",
    AuthInfo: `socket=${here("munge.socket")}`,
    CredType: "cred/munge",
    StateSaveLocation: here("state"),
    SlurmdSpoolDir: here("spool-%n"),
    SlurmctldPidFile: here("slurmctld.pid"),
    SlurmdPidFile: here("slurmd-%n.pid"),
    ProctrackType: "proctrack/linuxproc",
    TaskPlugin: "task/none",
    JobAcctGatherType: "jobacct_gather/none",
    AccountingStorageType: "accounting_storage/none",
    MpiDefault: "none",
    MailProg: "/bin/true",
    SlurmdParameters: "config_overrides", // CPUs as said below, whatever the machine has
    SelectType: "select/cons_tres",
    SelectTypeParameters: "CR_CPU",
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  nodes.forEach((port, index) =>
    lines.push(
      `NodeName=${nodeName(index)} NodeHostname=${hostname()} NodeAddr=127.0.0.1 Port=${port} CPUs=1`,
    ),
  );
  return [...lines, "PartitionName=all Nodes=ALL Default=YES", ""].join("\n");
}
