import { AccuracyMeter } from "../../evaluation/accuracy.js";
import { transformed } from "../../evaluation/meter.js";
import { groupTable } from "../../evaluation/results-table.js";
import { tauNormalization } from "../../inference/tau.js";
import { accuracyOptions, type Trained } from "../../inference/trained.js";
import type { Addition } from "./addition.js";

/** What τ-normalised classifiers answer, a row for each τ. @throws UsageError for classifiers without it */
export function tauAddition(trained: Trained, taus: readonly number[]): Addition {
  const normalization = tauNormalization(trained);
  const variants = taus.map((tau) => ({ tau, accuracy: new AccuracyMeter(accuracyOptions(trained)) }));
  return {
    meters: variants.map(({ tau, accuracy }) => transformed(accuracy, normalization(tau))),
    finish: () => {
      const found = variants.map(({ tau, accuracy }) => {
        const { ensemble, experts } = accuracy.result();
        return { tau, ensemble, experts };
      });
      return {
        text: groupTable(
          "tau-normalised, accuracy, %",
          found.map(({ tau, ensemble }) => [`tau ${tau}`, ensemble]),
        ),
        json: { tau: found },
      };
    },
  };
}
