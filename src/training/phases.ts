import type { ResolvedPhase } from "../recipes/phases.js";
import type { ResolvedRecipe } from "../recipes/schema.js";
import type { Position } from "../runs/events.js";

/** A phase of a training; a recipe without phases is a single one. Epochs count on through the run. */
export interface TrainingPhase {
  readonly index: number;
  /** Null for a recipe without phases. */
  readonly name: string | null;
  /** Epochs of the run before it. */
  readonly start: number;
  /** Epochs of the run at its end. */
  readonly end: number;
  /** Whether its classifiers start from new random weights. */
  readonly resetClassifier: boolean;
  /** Whether no phase before it trains the backbones, so that they are the pretrained ones still. */
  readonly startsPretrained: boolean;
  /** The recipe with what the phase overrides; `epochs` are the phase's. */
  readonly recipe: ResolvedRecipe;
}

/** The phases of a recipe, in order. */
export function phasesOf(recipe: ResolvedRecipe): TrainingPhase[] {
  const { phases, ...base } = recipe;
  if (phases === undefined)
    return [
      {
        index: 0,
        name: null,
        start: 0,
        end: recipe.epochs,
        resetClassifier: false,
        startsPretrained: true,
        recipe,
      },
    ];
  let end = 0;
  let isPretrained = true;
  return phases.map((phase: ResolvedPhase, index) => {
    const { name, epochs, resetClassifier, data, ...overrides } = phase;
    const start = end;
    end += epochs;
    const merged = {
      ...base,
      ...overrides,
      epochs,
      data: { ...base.data, ...(data as Partial<ResolvedRecipe["data"]> | undefined) },
    };
    const startsPretrained = isPretrained;
    isPretrained &&= merged.freezeBackbone && merged.freezeBatchNorm;
    return { index, name, start, end, resetClassifier, startsPretrained, recipe: merged };
  });
}

/** The phase that trained the weights at a position; at the start of a run the first one. */
export function phaseAt(recipe: ResolvedRecipe, { epoch, step }: Position): TrainingPhase {
  const phases = phasesOf(recipe);
  return phases.find(({ end }) => epoch < end || (epoch === end && step === 0)) ?? phases.at(-1)!;
}
