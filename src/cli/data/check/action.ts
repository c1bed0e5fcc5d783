import { join } from "node:path";
import { checkData } from "../../../dataset-tools/check/check.js";
import { shownImages } from "../../../dataset-tools/check/report/finding-section.js";
import { reportPage } from "../../../dataset-tools/check/report/page.js";
import { Thumbnails } from "../../../dataset-tools/check/report/thumbnails.js";
import { type UsableLists, writeUsableLists } from "../../../dataset-tools/check/usable-lists.js";
import { summarize, type CheckSummary } from "../../../dataset-tools/check/summary.js";
import { writeFileAtomic } from "../../../support/atomic-file.js";
import { formatSeconds, secondsSince } from "../../../support/units.js";
import type { ChosenData } from "../data-arguments.js";
import { onInterrupt } from "../../exit.js";
import { progressDisplay } from "../../progress.js";
import { longtailVersion } from "../../../runs/versions.js";
import { counted } from "../../../support/text.js";

export interface CheckRunOptions {
  /** The report's folder. */
  readonly out: string;
  readonly resume: boolean;
  readonly bits: number | undefined;
  readonly threads: number;
}

/**
 * Checks data while people watch and can interrupt it, and writes the report.
 * @throws InterruptedError that says how to resume
 */
export async function runCheck(
  { name, data, imageSize, groups }: ChosenData,
  { out, resume, bits, threads }: CheckRunOptions,
): Promise<{ summary: CheckSummary; page: string; usable: UsableLists | null }> {
  using interruption = onInterrupt("ending after these images");
  using progress = watched();
  const result = await checkData(data, {
    cacheFile: join(out, "inspections.jsonl"),
    resume,
    bits,
    threads,
    imageSize,
    signal: interruption.signal,
    ...progress,
  });
  if (result === null)
    throw interruption.error(`interrupted; the same command resumes from what ${out} keeps`);
  const summary = summarize(result, { name, root: data.root, rule: groups });
  const thumbnails = new Thumbnails(result.data, shownImages(summary), threads);
  const page = join(out, "index.html");
  const by = `longtail ${longtailVersion()}, longtail data check`;
  writeFileAtomic(join(out, "check.json"), `${JSON.stringify(summary, null, 1)}\n`);
  writeFileAtomic(page, reportPage(summary, thumbnails, { at: new Date(), by }));
  return { summary, page, usable: writeUsableLists(result.data, join(out, "usable")) };
}

/** Says how far the check is, and at its end how fast it was. */
function watched(): Disposable & {
  onStart: (images: number) => void;
  onProgress: (done: { inspected: number; known: number }) => void;
} {
  const display = progressDisplay(process.stderr);
  const started = performance.now();
  let [images, known, done] = [0, 0, 0];
  const rate = (): string => `${Math.round((1000 * done) / (performance.now() - started))} images/s`;
  return {
    onStart: (count) => (images = count),
    onProgress: (more) => {
      known += more.known;
      done += more.inspected;
      display.show({
        done,
        total: images - known,
        text: `${known + done} of ${counted(images, "image")}, ${rate()}`,
      });
    },
    [Symbol.dispose]: () => {
      display[Symbol.dispose]();
      const seconds = secondsSince(started);
      const before = known > 0 ? `, ${known} known from before` : "";
      process.stderr.write(
        `${counted(done, "image")} looked at in ${formatSeconds(seconds)} (${rate()})${before}\n`,
      );
    },
  };
}
