import type { ExpertEnsemble } from "../../models/ensemble.js";
import { cat } from "../../torch/operators.generated.js";
import type { Tensor } from "../../torch/tensor.js";
import { TrainingError } from "../../support/errors.js";
import {
  balancedLogits,
  crossEntropy,
  overTargets,
  stackLogits,
  type Targets,
} from "../ensemble/cross-entropy.js";
import { BalancedMethod, stepResult } from "../ensemble/experts-method.js";
import type { Labeled, StepResult, Teacher, TrainingClasses } from "../ensemble/method.js";
import { answerDistillation, similarityDistillation } from "./loss.js";

interface DistillOptions {
  readonly temperature: number;
  readonly labels: number;
  readonly features: number;
}

/**
 * A network that learns a trained ensemble's answers beside the labels. Both are on raw logits that stand for classes of
 * equal size: the teacher's are corrected to them, and the labels' loss is balanced softmax. Teacher and student see the
 * same view of every image (Beyer et al., "Knowledge distillation: a good teacher is patient and consistent", CVPR 2022).
 */
export class DistillMethod extends BalancedMethod<ExpertEnsemble> {
  override readonly name = "distill";
  readonly #options: DistillOptions;
  #teacher: Teacher | null = null;

  /** @throws DataError that names a class without training images. */
  constructor(model: ExpertEnsemble, training: TrainingClasses, options: DistillOptions) {
    super(model, training);
    this.#options = options;
  }

  /** Takes the answers of `teacher`, which stays its owner's, from here on. */
  learnFrom(teacher: Teacher): void {
    this.#teacher = teacher;
  }

  override step({ images, ...targets }: Labeled): StepResult {
    const teacher = this.#teacher;
    if (teacher === null) throw new TrainingError("method distill: expected a teacher before the first step");
    const answers = teacher.answer(images);
    const features = this.model.features(images);
    const logits = this.model.logits(this.model.dropped(features));
    const ofFeatures = this.#featureTerm(features, answers.features);
    const terms = {
      ...this.lossTerms(logits, targets),
      ...this.#answerTerm(logits, answers.logits),
      ...ofFeatures,
    };
    return stepResult(logits, targets.labels, terms);
  }

  protected override lossTerms(logits: readonly Tensor[], targets: Targets): Record<string, Tensor> {
    const balanced = balancedLogits(stackLogits(logits), this.logCountsOn(targets.labels));
    const loss = overTargets(targets, (labels) => crossEntropy(balanced, labels));
    return { crossEntropy: loss.mul(this.#options.labels) };
  }

  #answerTerm(logits: readonly Tensor[], answers: Tensor): Record<string, Tensor> {
    const { temperature, labels } = this.#options;
    const logCounts = this.logCountsOn(answers);
    const loss = answerDistillation(stackLogits(logits), answers, { temperature, logCounts });
    return { teacher: loss.mul(1 - labels) };
  }

  #featureTerm(students: readonly Tensor[], teacher: readonly Tensor[]): Record<string, Tensor> {
    const { features: weight } = this.#options;
    if (weight === 0) return {};
    const sideBySide = cat(teacher, { dim: 1 });
    const losses = students.map((student) => similarityDistillation(student, sideBySide));
    return { features: losses.reduce((sum, loss) => sum.add(loss)).mul(weight) };
  }
}
