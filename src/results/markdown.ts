import { mean } from "../support/math.js";
import type { ResultRow } from "../recipes/result-row.js";

const DASH = "–";
const percent = (value: number | null | undefined): string =>
  value === null || value === undefined ? DASH : value.toFixed(1);

/**
 * Two tables of a list of results: accuracies beside what is reported, and how each run was made. Of several experts the
 * second line of a row is their mean.
 */
export function resultsMarkdown(rows: readonly ResultRow[]): string {
  if (rows.length === 0) return "# Results\n\nNo run has begun.\n";
  return [
    "# Results",
    "",
    "Top-1 accuracy on the test images, in percent; ECE is the expected calibration error. The epoch is the last one, or was",
    "chosen on held-out training images; what was chosen on test images is marked, and best on test is what NCL's PyTorch code",
    "reports. The difference is to the reported number.",
    "",
    ...table(
      [
        "run",
        "seed",
        "epoch",
        "all",
        "many",
        "medium",
        "few",
        "worst class",
        "harmonic",
        "one expert",
        "best on test",
        "ECE",
        "reported",
        "difference",
      ],
      rows.map(accuracyCells),
    ),
    "",
    "How each was made:",
    "",
    ...table(
      [
        "run",
        "seed",
        "recipe",
        "epochs",
        "hours",
        "interruptions",
        "begun",
        "commit",
        "kernels",
        "threads",
        "device",
        "machine",
      ],
      rows.map(provenanceCells),
    ),
    "",
    ...notes(rows),
  ].join("\n");
}

function accuracyCells(row: ResultRow): string[] {
  const { name, seed, ensemble, experts, bestOnTest, ece, reported } = row;
  const expert = experts.length === 0 ? null : mean(experts.map(({ all }) => all));
  const best = bestOnTest === null ? DASH : `${percent(bestOnTest.all)} (epoch ${bestOnTest.epoch})`;
  const scores = [
    ensemble?.all,
    ensemble?.many,
    ensemble?.medium,
    ensemble?.few,
    ensemble?.worstClass,
    ensemble?.harmonicMean,
  ];
  return [
    name,
    String(seed),
    epochText(row),
    ...scores.map(percent),
    percent(expert),
    best,
    percent(ece),
    reportedText(reported),
    difference(row, expert),
  ];
}

function epochText({ epoch, epochs, selectedOn, state }: ResultRow): string {
  if (epoch === null) return DASH;
  if (state !== "finished") return `${epoch} of ${epochs.of}, not finished`;
  if (selectedOn === "test") return `${epoch}, chosen on test images`;
  return selectedOn === "held-out" ? `${epoch}, held-out` : String(epoch);
}

function reportedText(reported: ResultRow["reported"]): string {
  if (reported === null) return DASH;
  const { ensemble, expert } = reported;
  return expert === null ? percent(ensemble) : `${percent(ensemble)} (one expert ${percent(expert)})`;
}

/** Of a finished run: the ensemble's, and one expert's in parentheses. */
function difference({ reported, ensemble, state }: ResultRow, expert: number | null): string {
  if (reported === null || ensemble === null || state !== "finished") return DASH;
  const signed = (ours: number | null, theirs: number | null): string =>
    ours === null || theirs === null
      ? DASH
      : `${ours >= theirs ? "+" : "−"}${Math.abs(ours - theirs).toFixed(1)}`;
  const whole = signed(ensemble.all, reported.ensemble);
  return reported.expert === null ? whole : `${whole} (${signed(expert, reported.expert)})`;
}

function provenanceCells(row: ResultRow): string[] {
  const {
    name,
    seed,
    recipe,
    epochs,
    hours,
    interruptions,
    started,
    commit,
    longtail,
    kernels,
    threads,
    device,
    machine,
  } = row;
  return [
    name,
    String(seed),
    recipe,
    epochs.done === epochs.of ? String(epochs.of) : `${epochs.done} of ${epochs.of}`,
    hours.toFixed(2),
    String(interruptions),
    started.slice(0, 10),
    commit === null ? `version ${longtail}` : commit.slice(0, 7),
    kernels,
    String(threads),
    device,
    machine,
  ];
}

/** Sources of the reported numbers, and why runs failed. */
function notes(rows: readonly ResultRow[]): string[] {
  const sources = new Map<string, string>();
  for (const { name, reported } of rows) if (reported !== null) sources.set(name, reported.source);
  return [
    ...Array.from(sources, ([name, source]) => `- ${name}: reported by ${escaped(source)}`),
    ...rows.flatMap(({ name, seed, error }) =>
      error === null ? [] : [`- ${name}, seed ${seed}, failed: ${escaped(error)}`],
    ),
    "",
  ];
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(" | ")} |`;
  return [line(header), line(header.map(() => "---")), ...rows.map(line)];
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
}
