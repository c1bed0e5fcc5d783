import { LongtailError } from "../support/errors.js";
import { NativeError, TorchError } from "../torch/errors.js";

/** Another process of the training failed, was killed or cannot be reached. */
export class PeerError extends LongtailError {}

/** How Gloo's and NCCL's errors look when a connection has ended or the time is over. */
const LOST =
  /gloo\/transport|Connection (closed|reset)|Connection was likely closed|Broken pipe|Failed to (recv|send)|[Tt]imed out|NCCL|this process group was closed/;

export function isLostPeer(error: unknown): boolean {
  return (error instanceof TorchError || error instanceof NativeError) && LOST.test(error.message);
}
