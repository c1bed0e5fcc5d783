import type { InstallProgress } from "../../libtorch/install.js";
import { clearLine, plainLineMs, type TextStream } from "../../support/terminal.js";
import { formatBytes } from "../../support/units.js";

export interface InstallDisplay extends Disposable {
  readonly show: (progress: InstallProgress) => void;
  /** Leaves the line that is being redrawn. */
  end(): void;
}

/** Shows an installation: one line that is redrawn on a terminal, elsewhere a line per file and every ten seconds. */
export function installProgress(
  stream: TextStream,
  now: () => number = () => performance.now(),
): InstallDisplay {
  let shown = { subject: "", time: Number.NEGATIVE_INFINITY };
  let open = false;
  const end = (): void => {
    if (open) stream.write("\n");
    open = false;
  };
  return {
    show: (progress) => {
      const text = describe(progress);
      if (stream.isTTY) {
        open = true;
        stream.write(clearLine + text);
        return;
      }
      const subject = subjectOf(progress);
      if (subject === shown.subject && now() - shown.time < plainLineMs) return;
      shown = { subject, time: now() };
      stream.write(`${text}\n`);
    },
    end,
    [Symbol.dispose]: end,
  };
}

function subjectOf(progress: InstallProgress): string {
  return progress.kind === "wait" ? progress.kind : `${progress.kind} ${progress.file}`;
}

function describe(progress: InstallProgress): string {
  switch (progress.kind) {
    case "wait":
      return `waiting for another installation (process ${progress.pid})`;
    case "download": {
      const size = progress.size === "" ? "" : ` (${progress.size})`;
      return `downloading ${progress.file}${size}: ${formatBytes(progress.bytes)} so far`;
    }
    case "extract":
      return `unpacking ${progress.file}: ${formatBytes(progress.bytes)} of ${formatBytes(progress.total)}`;
    default:
      return progress satisfies never;
  }
}
