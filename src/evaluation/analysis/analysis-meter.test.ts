import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memory, scope } from "../../torch/scope.js";
import type { Analysis } from "../analysis.js";
import { AnalysisMeter, type FittedTemperatures } from "./analysis-meter.js";
import {
  answer,
  mean,
  naiveAgreement,
  naiveCalibration,
  type NaiveImage,
  observe,
  softmax,
} from "./naive.fixture.js";
const counts = [200, 150, 50, 30, 5]; // many, many, medium, medium, few
const classes = counts.map((_, c) => `class ${c}`);
const groupOfClass = ["many", "many", "medium", "medium", "few"];

function analyze(
  images: readonly NaiveImage[],
  { batch = images.length, fitted = null }: { batch?: number; fitted?: FittedTemperatures | null } = {},
): Analysis {
  const experts = images[0]!.logits.length;
  const meter = new AnalysisMeter({ classes, counts, experts, groups: "field" }, fitted);
  for (let start = 0; start < images.length; start += batch) {
    using _scope = scope();
    meter.add(observe(images.slice(start, start + batch)));
  }
  return meter.result();
}

/**
 * Images of 1, 2 or 4 experts. float32 holds their logits and the mean exactly; no two classes have the same, so that
 * answers and bins are beyond doubt.
 */
const someImages = fc.constantFrom(1, 2, 4).chain((experts) => {
  const row = fc.array(fc.integer({ min: -640, max: 640 }), { minLength: 5, maxLength: 5 });
  const logits = fc.array(
    row.map((values) => values.map((value, c) => value / 64 + c / 1024)),
    { minLength: experts, maxLength: experts },
  );
  return fc
    .array(fc.record({ label: fc.nat(4), logits }), { minLength: 1, maxLength: 24 })
    .map((images) => images.map((image, index): NaiveImage => ({ index, ...image })));
});

type GroupName = "all" | "many" | "medium" | "few";

function within(images: readonly NaiveImage[], group: GroupName): NaiveImage[] {
  return images.filter(({ label }) => group === "all" || groupOfClass[label] === group);
}

/** Every number to 9 digits after the point, everything else as it is. */
function expectSame(found: unknown, expected: unknown): void {
  expect(found).toEqual(close(expected));
}

function close(value: unknown): unknown {
  if (typeof value === "number") return expect.closeTo(value, 9);
  if (Array.isArray(value)) return value.map(close);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, close(inner)]));
}

function byGroup<T>(value: (group: GroupName) => T): Record<GroupName, T> {
  return { all: value("all"), many: value("many"), medium: value("medium"), few: value("few") };
}

describe("against plain code", () => {
  test("calibration of the ensemble and of each expert, by group", () => {
    fc.assert(
      fc.property(someImages, (images) => {
        const { calibration } = analyze(images);
        expectSame(
          calibration.ensemble,
          byGroup((group) => naiveCalibration(within(images, group), mean)),
        );
        calibration.experts.forEach((expert, k) => {
          const logits = (image: NaiveImage): readonly number[] => image.logits[k]!;
          expectSame(
            expert,
            byGroup((group) => naiveCalibration(within(images, group), logits)),
          );
        });
      }),
    );
  });

  test("agreement of the experts, by group; none for a single model", () => {
    fc.assert(
      fc.property(someImages, (images) => {
        const single = images[0]!.logits.length === 1;
        const expected = byGroup((group) => naiveAgreement(within(images, group)));
        expectSame(analyze(images).agreement, single ? null : expected);
      }),
    );
  });

  test("confused pairs: every mistake is in one, and the examples are the surest", () => {
    fc.assert(
      fc.property(someImages, (images) => {
        const { confusedPairs } = analyze(images);
        const wrong = images.filter((image) => answer(mean(image)) !== image.label);
        expect(confusedPairs.reduce((sum, pair) => sum + pair.images, 0)).toBe(wrong.length);
        for (const { label, answer: taken, images: count, ofLabel, examples } of confusedPairs) {
          const ofPair = wrong.filter((image) => image.label === label && answer(mean(image)) === taken);
          expect(count).toBe(ofPair.length);
          expectSame(ofLabel, (100 * count) / images.filter((image) => image.label === label).length);
          const probabilities = ofPair.map((image) => Math.max(...softmax(mean(image))));
          expectSame(
            examples.map(({ probability }) => probability),
            probabilities.toSorted((a, b) => b - a).slice(0, 4),
          );
        }
        const shares = confusedPairs.map(({ ofLabel }) => ofLabel);
        expect(shares).toEqual(shares.toSorted((a, b) => b - a));
      }),
    );
  });

  test("hardest images: of the smallest group there is, by loss, four of a class", () => {
    fc.assert(
      fc.property(someImages, (images) => {
        const { group, images: hardest } = analyze(images).hardest;
        expect(group).toBe(
          (["few", "medium", "many"] as const).find((one) => within(images, one).length > 0),
        );
        const loss = (image: NaiveImage): number => -Math.log(softmax(mean(image))[image.label]!);
        const expected = classes
          .flatMap((_, label) =>
            within(images, group)
              .filter((image) => image.label === label)
              .map(loss)
              .sort((a, b) => b - a)
              .slice(0, 4),
          )
          .sort((a, b) => b - a);
        expectSame(
          hardest.map((image) => image.loss),
          expected,
        );
        for (const shown of hardest) {
          const image = images[shown.index]!;
          const probabilities = softmax(mean(image));
          expect(shown.answer).toBe(answer(mean(image)));
          expect(shown.experts).toEqual(image.logits.map(answer));
          expectSame(shown.probability, probabilities[image.label]!);
          expectSame(
            shown.top.map(([, probability]) => probability),
            probabilities.toSorted((a, b) => b - a).slice(0, 3),
          );
          for (const [label, probability] of shown.top) expectSame(probability, probabilities[label]!);
        }
      }),
    );
  });
});

test("neither the order of the images nor the size of the batches matters", () => {
  const fitted = {
    images: 9,
    temperatures: [{ kind: "global" as const, temperature: 1.5 }],
  };
  const inAnyOrder = someImages.chain((images) =>
    fc.record({
      images: fc.constant(images),
      shuffled: fc.shuffledSubarray(images, { minLength: images.length, maxLength: images.length }),
      batch: fc.integer({ min: 1, max: 5 }),
    }),
  );
  fc.assert(
    fc.property(inAnyOrder, ({ images, shuffled, batch }) => {
      expectSame(analyze(shuffled, { batch, fitted }), analyze(images, { fitted }));
    }),
  );
});

test("temperatures: the ensemble's calibration with each of them", () => {
  fc.assert(
    fc.property(someImages, fc.integer({ min: 1, max: 8 }), (images, eighths) => {
      const temperature = eighths / 4;
      const perGroup = { many: temperature, medium: 2, few: 1 };
      const perExpert = images[0]!.logits.map((_, k) => 2 ** k);
      const fitted: FittedTemperatures = {
        images: 7,
        temperatures: [
          { kind: "global", temperature },
          { kind: "group", temperatures: perGroup },
          { kind: "expert", temperatures: perExpert },
        ],
      };
      const { temperature: found } = analyze(images, { fitted });
      expect(found).toMatchObject({ fittedOn: "held-out", images: 7 });
      const scaled = [
        (image: NaiveImage) => mean(image).map((logit) => logit / temperature),
        (image: NaiveImage) => {
          const group = groupOfClass[answer(mean(image))] as "many" | "medium" | "few";
          return mean(image).map((logit) => logit / perGroup[group]);
        },
        ({ logits }: NaiveImage) =>
          mean({ logits: logits.map((expert, k) => expert.map((logit) => logit / perExpert[k]!)) }),
      ];
      found!.fits.forEach(({ temperature: given, calibration }, i) => {
        expect(given).toEqual(fitted.temperatures[i]);
        const expected = naiveCalibration(images, scaled[i]!)!;
        expect(calibration.all.nll).toBeCloseTo(expected.nll, 5);
        expect(calibration.all.brier).toBeCloseTo(expected.brier, 5);
      });
    }),
  );
});

test("known values: two sure images, one of them wrong, and one that is not sure", () => {
  const { log } = Math;
  const image = (index: number, label: number, probabilities: readonly number[]): NaiveImage => ({
    index,
    label,
    logits: [probabilities.map((p) => log(p))],
  });
  const found = analyze([
    image(0, 0, [0.9, 0.025, 0.025, 0.025, 0.025]),
    image(1, 4, [0.9, 0.025, 0.025, 0.025, 0.025]),
    image(2, 2, [0.1, 0.2, 0.5, 0.1, 0.1]),
  ]);
  const { all, few } = found.calibration.ensemble;
  // 0.9 in (13/15, 14/15]: half are right, |50 − 90| = 40; 0.5 in (7/15, 8/15]: right, |100 − 50| = 50.
  expect(all.ece).toBeCloseTo((2 * 40 + 50) / 3, 4);
  expect(all.mce).toBeCloseTo(50, 4);
  expect(all.nll).toBeCloseTo(-(log(0.9) + log(0.025) + log(0.5)) / 3, 5);
  const squares = [0.01 + 4 * 0.000625, 0.81 + 3 * 0.000625 + 0.950625, 0.25 + 0.04 + 3 * 0.01];
  expect(all.brier).toBeCloseTo((squares[0]! + squares[1]! + squares[2]!) / 3, 5);
  expect(few).toMatchObject({ images: 1, ece: expect.closeTo(90, 4) as number });
  expect(all.bins[13]).toEqual({ images: 2, confidence: expect.closeTo(90, 4) as number, accuracy: 50 });
  expect(found.confusedPairs).toMatchObject([{ label: 4, answer: 0, images: 1, ofLabel: 100 }]);
  expect(found.hardest).toMatchObject({ group: "few", images: [{ index: 1, answer: 0, experts: [0] }] });
  expect(found.agreement).toBeNull();
});

test("keeps no tensor", () => {
  const image = { index: 0, label: 1, logits: [[1, 2, 3, 4, 5]] };
  const { live } = memory();
  analyze([image], { fitted: { images: 1, temperatures: [{ kind: "global", temperature: 2 }] } });
  expect(memory().live).toBe(live);
});
