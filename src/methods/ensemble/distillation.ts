import { zeros } from "../../torch/create.js";
import type { Tensor } from "../../torch/tensor.js";

export interface DistillationOptions {
  /** w. */
  readonly weight: number;
  /** ε, added to a student's probability before the log. */
  readonly logEpsilon: number;
  /** c [K or 1, N, C]: weight of the teacher's classes; 1 unless given. */
  readonly classWeights?: Tensor;
}

/**
 * Nested balanced online distillation, one level of it: w / (K−1) · Σ_{i≠j} KL(p_j ‖ p_i), batch mean.
 * logProbabilities l = log p [K, N, C]; both sides carry gradient. 0 for one expert.
 * Li et al., CVPR 2022; the reference's student is log(p + ε) with ε = 1e-9, kept as `logEpsilon`.
 *
 * All ordered pairs at once: with L_i the student's log of expert i, the sum over i ≠ j of KL(p_j ‖ p_i) is
 * c · p_j · ((K−1) l_j + L_j − Σ_i L_i) summed over j and the classes; without ε it is K · c · p_j · (l_j − mean_i l_i).
 * Where a p underflows to 0, its term and its gradient are 0, since l stays finite (torch 1.7's kl_div has this rule).
 */
export function balancedOnlineDistillation(
  logProbabilities: Tensor,
  { weight, logEpsilon, classWeights }: DistillationOptions,
): Tensor {
  const [experts, images] = logProbabilities.shape as [number, number];
  if (experts === 1) return zeros([], { device: logProbabilities.device });
  const probabilities = logProbabilities.exp();
  const teachers = classWeights === undefined ? probabilities : probabilities.mul(classWeights);
  const scale = weight / ((experts - 1) * images);
  if (logEpsilon === 0) {
    const fromMean = logProbabilities.sub(logProbabilities.mean({ dim: [0], keepdim: true }));
    return teachers
      .mul(fromMean)
      .sum()
      .mul(scale * experts);
  }
  const students = probabilities.add(logEpsilon).log();
  const others = students.sum({ dim: [0], keepdim: true }).sub(students);
  return teachers
    .mul(logProbabilities.mul(experts - 1).sub(others))
    .sum()
    .mul(scale);
}

/**
 * Nested individual learning, one level of it: Σ_k −log p_k(y), a batch mean for each of the K experts.
 * logProbabilities log p [K, N, C] (of all classes or of the hard ones), targets int64 [N] (positions among the C).
 * Li et al., CVPR 2022.
 */
export function nestedIndividualLearning(logProbabilities: Tensor, targets: Tensor): Tensor {
  const [experts] = logProbabilities.shape as [number, number, number];
  const rows = logProbabilities.flatten({ startDim: 0, endDim: 1 });
  return rows.nllLoss(targets.repeat([experts])).mul(experts);
}
