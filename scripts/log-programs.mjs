// Installs the programs that people read a run's logs with, TensorBoard and MLflow, for the tests that check our logs with
// the real ones (test/tensorboard.test.ts, test/mlflow.test.ts); without them those tests are skipped.
//   node scripts/log-programs.mjs [tensorboard] [mlflow]
import { pythonEnvironment } from "./support/python-environment.mjs";

const programs = {
  tensorboard: { packages: ["tensorboard==2.21.0", "setuptools<81"], size: "100 MB" },
  mlflow: { packages: ["mlflow==3.17.2"], size: "700 MB" },
};

const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(programs);
for (const name of names) {
  const program = programs[name];
  if (program === undefined) throw new Error(`expected ${Object.keys(programs).join(" or ")}, found ${name}`);
  console.log(pythonEnvironment({ name, purpose: "It", ...program }));
}
