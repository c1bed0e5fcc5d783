import { expect, test } from "vitest";
import { buildEnsemble } from "../methods/ensemble/build-ensemble.js";
import type { ExpertsMethod } from "../methods/ensemble/experts-method.js";
import { CrossEntropyMethod } from "../methods/cross-entropy/method.js";
import { SINGLE_STEP } from "../methods/ensemble/method.js";
import { tensor } from "../torch/create.js";
import { Rng } from "../torch/random.js";
import { scope } from "../torch/scope.js";
import type { Tensor } from "../torch/tensor.js";

const recipe = {
  backbone: "resnet8",
  classifier: { kind: "fc", bias: true },
  dropout: 0,
  freezeBackbone: false,
  seed: 3,
} as const;

type Backbone = "resnet8" | "resnet10" | "resnet50";

function build(sharedStages: number, backbone: Backbone = "resnet8"): ExpertsMethod {
  return buildEnsemble(
    { ...recipe, backbone, method: { experts: 2, sharedStages } },
    3,
    (model) => new CrossEntropyMethod(model, { labelSmoothing: 0 }),
  );
}

test.each([
  ["resnet8", 1],
  ["resnet8", 2],
  ["resnet10", 3],
  ["resnet50", 1],
] as const)(
  "%s, %i shared: the stages of all make up whole networks, under PyTorch's names",
  (backbone, shared) => {
    const [whole, parted] = [build(0, backbone), build(shared, backbone)];
    const shapes = (method: ExpertsMethod) =>
      new Map([...method.model.stateDict()].map(([name, { shape }]) => [name, shape.join()]));
    const [ofWhole, ofParted] = [shapes(whole), shapes(parted)];
    const isShared = (name: string): boolean =>
      /^(conv1|bn1)[.]/.test(name) || Number(/^layer(\d)/.exec(name)?.[1]) <= shared;
    const expected = [...ofWhole].map(([name, shape]): [string, string] => {
      const [, rest] = /^backbone[.]\d[.](.*)$/.exec(name) ?? [];
      return [rest !== undefined && isShared(rest) ? `trunk.${rest}` : name, shape];
    });
    expect(Object.fromEntries(ofParted)).toEqual(Object.fromEntries(expected));
    expect(parted.model.namedParameters()[0]![0]).toBe("trunk.conv1.weight");
    for (const method of [whole, parted]) method[Symbol.dispose]();
  },
);

/** Gradients by name after a step on these weights. */
function gradients(method: ExpertsMethod): Map<string, Tensor> {
  method.model.eval(); // batch norm by its running statistics
  const images = new Rng(5).normal([4, 3, 16, 16]);
  const labels = tensor([0, 1, 2, 0], { dtype: "int64" });
  method.step({ images, labels }, SINGLE_STEP).loss.backward();
  return new Map(method.model.namedParameters().map(([name, { grad }]) => [name, grad!]));
}

test("gradients of shared stages are the sum over the experts, those of the others the experts' own", () => {
  using _ = scope();
  const shared = build(1);
  const whole = build(0);
  const own = shared.model.stateDict();
  whole.model.loadStateDict(
    new Map(
      [...whole.model.stateDict().keys()].map((name) => [
        name,
        own.get(name) ?? own.get(name.replace(/^backbone[.]\d[.]/, "trunk."))!,
      ]),
    ),
  );
  const [found, each] = [gradients(shared), gradients(whole)];
  for (const [name, gradient] of found) {
    const expected = name.startsWith("trunk.")
      ? each.get(name.replace("trunk.", "backbone.0."))!.add(each.get(name.replace("trunk.", "backbone.1."))!)
      : each.get(name)!;
    expect(gradient.sub(expected).abs().max().item(), name).toBeLessThan(
      1e-5 + 1e-4 * expected.abs().max().item(),
    );
  }
  expect([...found.keys()].filter((name) => name.startsWith("trunk."))).not.toHaveLength(0);
  for (const method of [shared, whole]) method[Symbol.dispose]();
});

test("without shared stages experts are whole networks, drawn as they always were", () => {
  using _ = scope();
  const method = build(0);
  const rng = new Rng(3, 0);
  const [first] = method.model.parameters();
  expect(first!.equal(rng.normal([16, 3, 3, 3], { std: Math.sqrt(2 / 27) }))).toBe(true);
  expect(method.model.namedParameters().some(([name]) => name.startsWith("trunk"))).toBe(false);
  method[Symbol.dispose]();
});

test("a frozen backbone freezes the shared stages, too", () => {
  const method = buildEnsemble(
    { ...recipe, freezeBackbone: true, method: { experts: 2, sharedStages: 2 } },
    3,
    (model) => new CrossEntropyMethod(model, { labelSmoothing: 0 }),
  );
  const trained = method.model.namedParameters().filter(([, { requiresGrad }]) => requiresGrad);
  expect(trained.every(([name]) => name.startsWith("classifier."))).toBe(true);
  method[Symbol.dispose]();
});
