import type { CacheListener } from "../data/cache/report.js";
import { plainLineMs } from "../support/terminal.js";
import { formatBytes, formatSeconds } from "../support/units.js";
import type { WeightsOptions } from "../weights/install.js";

/** Reports that pretrained weights are fetched, then now and then how many bytes have arrived. */
export function weightsProgress(report: CacheListener["report"]): NonNullable<WeightsOptions["onProgress"]> {
  let first: { readonly time: number; readonly bytes: number } | null = null;
  let last = 0;
  return (progress) => {
    if (progress.kind !== "fetch") return;
    const { bytes, total } = progress;
    const now = performance.now();
    if (first === null) {
      report?.({ type: "warning", message: "The pretrained weights are fetched now, once." });
      [first, last] = [{ time: now, bytes }, now];
    }
    if (now - last < plainLineMs || bytes === total) return;
    last = now;
    const rate = (bytes - first.bytes) / (now - first.time); // bytes of an earlier try were there at once
    const left = rate > 0 ? `, about ${formatSeconds(Math.round((total - bytes) / rate / 1000))} left` : "";
    const message = `pretrained weights: ${formatBytes(bytes)} of ${formatBytes(total)} fetched${left}`;
    report?.({ type: "note", message });
  };
}
