import { describe, expect, test } from "vitest";
import type { EvaluationResult, ModelScores } from "../evaluation/accuracy.js";
import type { FitTrial, Tuning } from "../runs/fit-file.js";
import { runFolder } from "../runs/run-folder.js";
import { summarizeFit } from "./summary.js";

function resultOf(all: number, few: number): EvaluationResult {
  const groups = { all, many: 95, medium: 93, few };
  const ensemble: ModelScores = {
    ...groups,
    ...{ balanced: all, harmonicMean: 80, worstClass: 20, macroF1: all, top5: 99 },
  };
  const perClass = [
    { name: "cat", trainImages: 200, testImages: 10, accuracy: 100 },
    { name: "eel", trainImages: 5, testImages: 10, accuracy: 20 },
  ];
  return { ensemble, experts: [ensemble], perClass, confusion: [], loss: 0.4, images: 20, groups: "field" };
}

const trial = (name: string, balanced: number, few: number, draws = 3): FitTrial => ({
  ...{ name, draws, balanced, few, all: balanced, many: 95, medium: 93, selectable: true },
});

const outcome = {
  version: 1,
  weights: "efficientnet-lite0",
  networks: [],
  head: "cosine, scale 25",
  description: "a cosine classifier of scale 25 corrected for the class counts (balanced softmax)",
  heldOut: 40,
  splits: 3,
  trials: [trial("corrected, τ 1", 90.3, 82.5), trial("cosine, scale 25", 91.9, 84.2)],
  plain: resultOf(85, 63.2),
  suggestions: null,
  map: null,
  folder: runFolder("runs/photos"),
} as const;

const tuning: Tuning = {
  trials: [
    { trainable: "last-stage", epochs: 4, averaged: false, tau: 0, balanced: 93.2, few: 87.7 },
    { trainable: "last-stage", epochs: 4, averaged: true, tau: 0.25, balanced: 93.4, few: 87.7 },
  ],
  ...{ frozen: 91.9, frozenFew: 84.2, kept: 2, late: false },
  frozenResult: resultOf(89.1, 78.9),
};

describe("after fine-tuning", () => {
  test("kept: each network has its row, and the frozen one's classifier stays the chosen one", () => {
    const text = summarizeFit({ ...outcome, tuning, evaluation: resultOf(90.4, 80.1) });
    expect(text).toMatch(/^corrected, network frozen +89\.1 +95\.0 +93\.0 +78\.9$/m);
    expect(text).toMatch(/^this model +90\.4 +95\.0 +93\.0 +80\.1$/m);
    expect(text).toMatch(/^cosine, scale 25 \(chosen\) +91\.9 +84\.2$/m);
    expect(text).toContain(
      "Chosen of 2 by 40 held-out images, drawn 3 times: a cosine classifier of scale 25",
    );
    const dropped = trial("cosine, scale 40", 92.5, 90, 1);
    const raced = {
      ...outcome,
      trials: [dropped, ...outcome.trials],
      tuning,
      evaluation: resultOf(90.4, 80.1),
    };
    expect(summarizeFit(raced)).toMatch(
      /cosine, scale 25 \(chosen\).*\n.*corrected, τ 1 .*\ncosine, scale 40 \(first draw only\) +92\.5 +90\.0$/m,
    );
    expect(text).toMatch(/^network frozen, best classifier +91\.9 +84\.2$/m);
    expect(text).toMatch(
      /^the network's last stage, averaged with the frozen one, adjusted by τ 0\.25, 4 epochs +93\.4 +87\.7$/m,
    );
    expect(text).toContain(
      "averaged with the frozen one, adjusted by τ 0.25, was better on the held-out images: the model is the",
    );
    expect(text).toContain("changed accuracy by +4.1 points over all classes and +15.7 points");
  });

  test("kept as it was trained: no word of averages", () => {
    const text = summarizeFit({
      ...outcome,
      tuning: { ...tuning, kept: 1 },
      evaluation: resultOf(90.4, 80.1),
    });
    expect(text).toContain(
      "Fine-tuning the network's last stage was better on the held-out images: the model",
    );
  });

  test("not kept: the model is the frozen network", () => {
    const none = { ...tuning, kept: 0 };
    const text = summarizeFit({ ...outcome, tuning: none, evaluation: tuning.frozenResult });
    expect(text).not.toContain("corrected, network frozen");
    expect(text).toMatch(/^this model +89\.1/m);
    expect(text).toContain("was not better on the held-out images: the network stays frozen");
  });
});
