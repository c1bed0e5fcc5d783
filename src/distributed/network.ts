import { networkInterfaces } from "node:os";
import type { Environment } from "../support/paths.js";
import { UsageError } from "../support/errors.js";

/**
 * The address by which the other processes reach this one: that of the network that GLOO_SOCKET_IFNAME names, as for
 * PyTorch, else the one that led to the master.
 * @throws UsageError for a network that this machine does not have.
 */
export function ownAddress(reached: string, environment: Environment = process.env): string {
  const [name = ""] = (environment["GLOO_SOCKET_IFNAME"] ?? "").split(",");
  if (name === "") return reached;
  const networks = networkInterfaces();
  const addresses = networks[name] ?? [];
  const found = addresses.find(({ family }) => family === "IPv4") ?? addresses[0];
  if (found !== undefined) return found.address;
  throw new UsageError(
    `GLOO_SOCKET_IFNAME: expected a network of this machine with an address (${Object.keys(networks).join(", ")}), found "${name}".`,
  );
}
