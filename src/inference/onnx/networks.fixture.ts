/** Networks of every kind with random weights and random statistics, as if they had been trained. */
import { buildMethod } from "../../methods/index.js";
import type { ResolvedRecipe } from "../../recipes/schema.js";
import { noGrad } from "../../torch/autograd.js";
import { Rng } from "../../torch/random.js";
import { scope } from "../../torch/scope.js";
import { toyRecipe } from "../../training/toy.fixture.js";
import type { Trained } from "../../training/trained.js";

const CLASSES = ["ant", "bee", "cat", "dog"];
const COUNTS = [200, 60, 19, 4];

/** A network that was never trained, whose batch norms have statistics other than those at the start. */
export function network(changes: Partial<ResolvedRecipe>, experts = 1): Trained {
  const base = toyRecipe("data");
  const method = changes.method ?? { ...base.method, experts };
  const recipe: ResolvedRecipe = { ...base, ...changes, method };
  const built = buildMethod(recipe, { classes: CLASSES, counts: COUNTS });
  randomize(built.model.stateDict());
  built.model.to({ memoryFormat: recipe.memoryFormat }).eval();
  return {
    path: "network",
    description: { recipe, classes: CLASSES, counts: COUNTS, trained: COUNTS },
    state: null,
    method: built,
    device: "cpu",
    [Symbol.dispose]() {
      built[Symbol.dispose]();
    },
  };
}

/** Changes what batch norm starts with alike: means and biases 0, variances and weights 1. */
function randomize(state: ReturnType<Trained["method"]["model"]["stateDict"]>): void {
  using _scope = scope();
  using _noGrad = noGrad();
  const rng = new Rng(1);
  for (const [name, tensor] of state) {
    if (tensor.shape.length !== 1) continue;
    const isMean = /running_mean$|bias$/.test(name);
    const values = isMean
      ? rng.normal(tensor.shape, { std: 0.1 })
      : rng.uniform(tensor.shape, { low: 0.7, high: 1.4 });
    tensor.copy_(values);
  }
}
