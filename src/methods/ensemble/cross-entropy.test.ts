import fc from "fast-check";
import { expect, test } from "vitest";
import { tensor } from "../../torch/create.js";
import { scope } from "../../torch/scope.js";
import { crossEntropy, overTargets, stackLogits } from "./cross-entropy.js";
import { problems, tensors, usual } from "./problems.fixture.js";
test("a mixed image's loss is that of both labels, by their shares", () => {
  using _ = scope();
  const logits = tensor([Math.log(1), Math.log(2), Math.log(5)], { shape: [1, 1, 3] });
  const [labels, others] = [tensor([0], { dtype: "int64" }), tensor([2], { dtype: "int64" })];
  const loss = overTargets({ labels, mixed: { labels: others, share: 0.75 } }, (y) =>
    crossEntropy(logits, y),
  );
  expect(loss.item()).toBeCloseTo(-0.75 * Math.log(1 / 8) - 0.25 * Math.log(5 / 8), 5);
});

test("images that are wholly one thing have that label's loss and gradient", () => {
  fc.assert(
    fc.property(problems(usual, { experts: 1 }), fc.nat(), (problem, other) => {
      using _ = scope();
      const { y } = tensors(problem);
      const others = tensor(
        problem.labels.map(() => other % problem.classes),
        { dtype: "int64" },
      );
      const outcome = (mixed: { labels: typeof y; share: number } | null): number[] => {
        const { z } = tensors(problem);
        const loss = overTargets({ labels: y, mixed }, (labels) => crossEntropy(stackLogits(z), labels));
        loss.backward();
        return [loss.item(), ...z[0]!.grad!.toList()];
      };
      expect(outcome({ labels: others, share: 1 })).toEqual(outcome(null));
      expect(outcome({ labels: y, share: 0.3 })[0]).toBeCloseTo(outcome(null)[0]!, 4);
    }),
  );
});
