import type { Tensor } from "../../torch/tensor.js";
import { balancedLogits } from "../ensemble/cross-entropy.js";

/**
 * T² · Σ_k KL(q ‖ p_k), a batch mean: q = softmax(t / T + log n) are the teacher's answers, p_k = softmax(z_k / T + log n) those of
 * student k, and T² keeps the gradients' size whatever T is. Hinton, Vinyals and Dean, "Distilling the knowledge in a neural
 * network", 2015, with the images of each class, n, in both as balanced softmax has them (Ren et al., NeurIPS 2020, eq. 4): t and z
 * stand for classes of equal size, the images compared do not. Added after the division, because z would otherwise carry
 * (T − 1) log n where the answers are sure.
 *
 * @param logits z of K students, [K, N, C]
 * @param answers the teacher's logits t, [N, C], without gradient
 * @param logCounts log n, [C]
 */
export function answerDistillation(
  logits: Tensor,
  answers: Tensor,
  { temperature, logCounts }: { readonly temperature: number; readonly logCounts: Tensor },
): Tensor {
  const [, images] = logits.shape as [number, number, number];
  const logProbabilities = (of: Tensor): Tensor =>
    balancedLogits(of.div(temperature), logCounts).logSoftmax(-1);
  const [teacher, students] = [logProbabilities(answers), logProbabilities(logits)];
  return teacher
    .exp()
    .mul(teacher.sub(students))
    .sum()
    .mul(temperature ** 2 / images);
}

/**
 * ‖G_T − G_S‖²_F / N²: how much the images of a batch are alike, by the teacher's features and by the student's. G [N, N] is
 * f fᵀ with rows of length 1, so that the networks may have any number of features. Tung and Mori, "Similarity-preserving
 * knowledge distillation", ICCV 2019, eq. 4, on the features before the classifier.
 *
 * @param student features, [N, D]
 * @param teacher features of all its experts side by side, [N, D′], without gradient
 */
export function similarityDistillation(student: Tensor, teacher: Tensor): Tensor {
  const [images] = student.shape as [number, number];
  const difference = similarities(teacher).sub(similarities(student));
  return difference
    .mul(difference)
    .sum()
    .div(images ** 2);
}

/** Of a row of zeros, so that its gradient is a number. */
const SMALLEST_SQUARE = 1e-24;

function similarities(features: Tensor): Tensor {
  const own = features.to({ dtype: "float32" });
  const products = own.matmul(own.t()); // [N, N]
  const squares = products.mul(products).sum({ dim: [1], keepdim: true });
  return products.div(squares.add(SMALLEST_SQUARE).sqrt());
}
