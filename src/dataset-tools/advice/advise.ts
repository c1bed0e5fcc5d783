import { evaluation, selection } from "./evaluation.js";
import { method, sampling } from "./method.js";
import { network } from "./network.js";
import { schedule } from "./schedule.js";
import { regimeOf, type Advice, type Regime, type Situation } from "./situation.js";

export interface Start {
  /** The built-in recipe to begin with. */
  readonly recipe: string;
  readonly advice: readonly Advice[];
}

/** Where to start from with data like this, by rules that are written down beside their sources. */
export function adviseOn(situation: Situation): Start {
  const regime = regimeOf(situation);
  return {
    recipe: RECIPES[regime],
    advice: [
      method(situation),
      sampling(situation),
      network(situation, regime),
      schedule(situation, regime),
      selection(situation),
      ...evaluation(situation),
    ],
  };
}

const RECIPES: Record<Regime, string> = {
  cifar10: "cifar10-lt-ncl",
  cifar100: "cifar100-lt-ncl",
  small: "caltech20-lt-ncl",
  photographs: "imagenet-lt-ncl",
};
