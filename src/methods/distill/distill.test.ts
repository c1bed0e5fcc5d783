import fc from "fast-check";
import { expect, test } from "vitest";
import { tensor, zeros } from "../../torch/create.js";
import { Rng } from "../../torch/random.js";
import { scope } from "../../torch/scope.js";
import type { Tensor } from "../../torch/tensor.js";
import { buildMethod, methodIssues, type MethodRecipe } from "../index.js";
import { SINGLE_STEP, type Teacher } from "../ensemble/method.js";
import { problems, tensors, usual } from "../ensemble/problems.fixture.js";
import { answerDistillation, similarityDistillation } from "./loss.js";
import { toyRecipe } from "../../training/toy.fixture.js";

function softmax(row: readonly number[]): number[] {
  const top = Math.max(...row);
  const powers = row.map((z) => Math.exp(z - top));
  const sum = powers.reduce((all, one) => all + one, 0);
  return powers.map((one) => one / sum);
}

function rows(values: readonly number[], width: number): number[][] {
  return Array.from({ length: values.length / width }, (_, n) => values.slice(n * width, (n + 1) * width));
}

const finite = fc.double({ min: -8, max: 8, noNaN: true });
const whole = fc.integer({ min: -4, max: 4 });
const numbers = (columns: number, one: fc.Arbitrary<number>): fc.Arbitrary<number[][]> =>
  fc.array(fc.array(one, { minLength: columns, maxLength: columns }), { minLength: 2, maxLength: 5 });

test("T² Σ_k KL(q ‖ p_k), written out in double precision; its gradient is T (p − q) / N", () => {
  fc.assert(
    fc.property(
      numbers(4, finite),
      numbers(4, finite),
      fc.double({ min: 0.5, max: 5, noNaN: true }),
      (teacher, student, T) => {
        using _ = scope();
        const images = Math.min(teacher.length, student.length);
        const [t, z] = [teacher.slice(0, images), student.slice(0, images)];
        const logits = tensor(z.flat(), { shape: [1, images, 4] }).setRequiresGrad();
        const counts = [40, 12, 1, 7].map(Math.log);
        const loss = answerDistillation(logits, tensor(t.flat(), { shape: [images, 4] }), {
          temperature: T,
          logCounts: tensor(counts),
        });
        const answers = (row: readonly number[]): number[] =>
          softmax(row.map((one, c) => one / T + counts[c]!));
        const [q, p] = [t.map(answers), z.map(answers)];
        const divergence = q.flatMap((row, n) =>
          row.map((one, c) => (one === 0 ? 0 : one * Math.log(one / p[n]![c]!))),
        );
        const expected = (T * T * divergence.reduce((sum, one) => sum + one, 0)) / images;
        expect(loss.item()).toBeCloseTo(expected, 3);
        loss.backward();
        const gradient = p.flatMap((row, n) => row.map((one, c) => (T * (one - q[n]![c]!)) / images));
        logits.grad!.toList().forEach((found, i) => {
          expect(found).toBeCloseTo(gradient[i]!, 4);
        });
      },
    ),
  );
});

test("sure answers on many images of some classes and few of others leave no prior in the student's logits", () => {
  using _ = scope();
  const counts = [6, 3, 1];
  const labels = counts.flatMap((count, label) => new Array<number>(count).fill(label));
  const answers = labels.flatMap((label) => counts.map((_, c) => (c === label ? 100 : 0)));
  for (const temperature of [1, 2, 4]) {
    const student = tensor([0, 0, 0], { shape: [1, 1, 3] }).setRequiresGrad(); // the same for every image
    answerDistillation(student.expand([1, 10, 3]), tensor(answers, { shape: [10, 3] }), {
      temperature,
      logCounts: tensor(counts.map(Math.log)),
    }).backward();
    for (const gradient of student.grad!.toList()) expect(gradient).toBeCloseTo(0, 5);
  }
});

test("a student that answers as the teacher does has nothing to learn; students add up", () => {
  using _ = scope();
  const options = { temperature: 3, logCounts: tensor([2, 1, 0]) };
  const t = new Rng(1).normal([5, 3]);
  const z = new Rng(2).normal([5, 3]);
  const one = (logits: Tensor): number => answerDistillation(logits.unsqueeze(0), t, options).item();
  expect(one(t)).toBeCloseTo(0, 5);
  expect(one(t.add(7))).toBeCloseTo(0, 5);
  expect(one(z)).toBeGreaterThan(0.01);
  const both = answerDistillation(
    tensor([...z.toList(), ...t.add(1).mul(2).toList()], { shape: [2, 5, 3] }),
    t,
    options,
  );
  expect(both.item()).toBeCloseTo(one(z) + one(t.add(1).mul(2)), 4);
});

test("‖G_T − G_S‖² / N², written out in double precision, for any number of features", () => {
  fc.assert(
    fc.property(numbers(3, whole), numbers(5, whole), (student, teacher) => {
      using _ = scope();
      const images = Math.min(student.length, teacher.length);
      const similar = (features: number[][]): number[][] =>
        features.slice(0, images).map((a, _n, all) => {
          const products = all.map((b) => a.reduce((sum, one, d) => sum + one * b[d]!, 0));
          const length = Math.hypot(...products);
          return products.map((one) => (length < 1e-6 ? 0 : one / length));
        });
      const [s, t] = [similar(student), similar(teacher)];
      const expected =
        s.flatMap((row, n) => row.map((one, m) => (one - t[n]![m]!) ** 2)).reduce((a, b) => a + b, 0) /
        images ** 2;
      const at = (of: number[][], width: number): Tensor =>
        tensor(of.slice(0, images).flat(), { shape: [images, width] });
      const own = at(student, 3).setRequiresGrad();
      const loss = similarityDistillation(own, at(teacher, 5));
      expect(loss.item()).toBeCloseTo(expected, 4);
      loss.backward();
      expect(own.grad!.isfinite().all().item()).toBe(1);
    }),
  );
});

const method = {
  kind: "distill",
  experts: 1,
  sharedStages: 0,
  teacher: "runs/teacher",
  temperature: 2,
  labels: 0.3,
  features: 5,
} as const;
const recipe: MethodRecipe = {
  backbone: "resnet8",
  classifier: { kind: "fc", bias: true },
  dropout: 0,
  freezeBackbone: false,
  seed: 0,
  epochs: 1,
  method,
};
const training = { counts: [50, 10, 2], classes: ["cat", "dog", "emu"] };

test("a step's terms are the labels' and the teacher's by their weights; features by theirs", () => {
  using _ = scope();
  using student = buildMethod(recipe, training);
  const images = new Rng(5).normal([4, 3, 8, 8]);
  const labels = tensor([0, 1, 2, 0], { dtype: "int64" });
  const answer = { logits: new Rng(6).normal([4, 3]), features: [new Rng(7).normal([4, 9])] };
  const seen: Tensor[] = [];
  const teacher: Teacher = {
    answer: (given) => {
      seen.push(given);
      return answer;
    },
  };
  expect(() => student.step({ images, labels }, SINGLE_STEP)).toThrowErrorMatchingInlineSnapshot(
    `[TrainingError: method distill: expected a teacher before the first step]`,
  );
  student.learnFrom!(teacher);
  student.model.eval(); // so that the logits can be computed again
  const { terms, logits } = student.step({ images, labels }, SINGLE_STEP);
  expect(seen[0]!.equal(images)).toBe(true);
  const [z] = logits;
  const counts = [50, 10, 2].map(Math.log);
  const crossEntropies = rows(z!.toList(), 3).map(
    (row, n) => -Math.log(softmax(row.map((one, c) => one + counts[c]!))[[0, 1, 2, 0][n]!]!),
  );
  expect(terms["crossEntropy"]!.item()).toBeCloseTo((0.3 * crossEntropies.reduce((a, b) => a + b)) / 4, 4);
  expect(terms["teacher"]!.item()).toBeCloseTo(
    0.7 *
      answerDistillation(z!.unsqueeze(0), answer.logits, {
        temperature: 2,
        logCounts: tensor(counts),
      }).item(),
    4,
  );
  expect(terms["features"]!.item()).toBeGreaterThan(0);
});

test("a frozen backbone has nothing to learn", () => {
  const resolved = { ...toyRecipe("data"), method, freezeBackbone: true };
  expect(methodIssues(resolved, 3)).toMatchInlineSnapshot(`
    [
      {
        "expected": "false with method.kind distill: the network is what learns from the teacher",
        "key": "freezeBackbone",
      },
    ]
  `);
  expect(methodIssues({ ...resolved, freezeBackbone: false }, 3)).toEqual([]);
});

test("equal answers of both and equal labels leave balanced softmax alone", () => {
  fc.assert(
    fc.property(problems(usual, { experts: 1 }), (problem) => {
      using _ = scope();
      const { z } = tensors(problem);
      const logCounts = zeros([z[0]!.shape[1]!]);
      const loss = answerDistillation(z[0]!.unsqueeze(0), z[0]!.detach(), { temperature: 4, logCounts });
      expect(loss.item()).toBeCloseTo(0, 3);
    }),
  );
});
