import type { InstallProgress } from "../../index.js";
import { clearLine, plainLineMs, type TextStream, writeText } from "../../support/terminal.js";
import { formatBytes, formatSeconds } from "../../support/units.js";

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
  let transfer = { file: "", time: 0, bytes: 0 };
  const rateOf = (progress: InstallProgress): number => {
    if (progress.kind !== "fetch") return 0;
    const { file, bytes } = progress;
    if (file !== transfer.file) transfer = { file, time: now(), bytes };
    return ((bytes - transfer.bytes) / (now() - transfer.time)) * 1000;
  };
  const end = (): void => {
    if (open) stream.write("\n");
    open = false;
  };
  return {
    show: (progress) => {
      const text = describe(progress, rateOf(progress));
      if (stream.isTTY) {
        open = true;
        writeText(stream, text, clearLine);
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
  return "file" in progress ? `${progress.kind} ${progress.file}` : progress.kind;
}

/** @param rate bytes per second of what is being fetched; no number before there is one. */
function describe(progress: InstallProgress, rate: number): string {
  switch (progress.kind) {
    case "wait":
      return (
        `waiting for another installation (process ${progress.pid} on ${progress.host}); if that no longer runs it is taken over ` +
        `within two minutes, at once when ${progress.lock} is removed`
      );
    case "fetch": {
      const { file, bytes, total } = progress;
      const left = rate > 0 && Number.isFinite(rate) ? (total - bytes) / rate : undefined;
      const speed =
        left === undefined ? "" : `, ${formatBytes(Math.round(rate))}/s, ${formatSeconds(left)} left`;
      return `downloading ${file}: ${formatBytes(bytes)} of ${formatBytes(total)}${speed}`;
    }
    case "fallback":
      return `trying pip, as ${progress.reason}`;
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
