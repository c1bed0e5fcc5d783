import { once } from "node:events";
import { Option } from "@commander-js/extra-typings";
import { collect, wholeNumber } from "./options.js";

/** The flags of commands that serve, as commander has parsed them. */
export interface ServerArguments {
  readonly host: string;
  readonly port?: number | undefined;
  readonly token?: string | boolean | undefined;
  readonly allowHost: readonly string[];
  readonly basePath?: string | undefined;
}

export function hostOption() {
  return new Option(
    "--host <address>",
    "address to listen at; other than this machine's own, such as 0.0.0.0, asks for a token",
  ).default("127.0.0.1");
}

export function portOption(first: number) {
  return new Option(
    "--port <n>",
    `port to listen at; 0: any free one (default: the first free one from ${first} on)`,
  ).argParser(wholeNumber(0));
}

export function tokenOption() {
  return new Option(
    "--token [text]",
    "ask for a token on this machine as well: this one, or without a text a random one",
  );
}

export function allowHostOption() {
  return new Option(
    "--allow-host <name>",
    "a name besides this machine's that requests may come under, such as a proxy's; can be given many times",
  )
    .argParser(collect)
    .default([] as readonly string[]);
}

export function basePathOption() {
  return new Option(
    "--base-path <path>",
    "path that a proxy leaves before the page's addresses, such as /node/gpu01/6016",
  );
}

/**
 * Runs `act` until a signal ends it. A signal of `endsWell` is how the command is meant to end, so that is no failure; other
 * signals' exit codes are as everywhere.
 */
export async function untilInterrupted(
  act: (signal: AbortSignal) => Promise<void>,
  { endsWell }: { readonly endsWell: readonly string[] },
): Promise<void> {
  const { onInterrupt } = await import("./exit.js");
  using interruption = onInterrupt("closing");
  await act(interruption.signal);
  const { received } = interruption;
  if (!endsWell.includes(received)) throw interruption.error(`ended by ${received}`);
}

/** Resolves when the signal is aborted. */
export async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, "abort");
}
