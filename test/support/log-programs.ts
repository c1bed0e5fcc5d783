/** TensorBoard and MLflow, where scripts/log-programs.mjs has installed them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { userCacheFolder } from "../../src/support/paths.js";

/** The folder with the program's commands, or why there is none. */
export function logProgram(name: "tensorboard" | "mlflow"): { bin: string } | { missing: string } {
  const folder = join(userCacheFolder(), name);
  if (existsSync(join(folder, "complete"))) return { bin: join(folder, "bin") };
  return {
    missing: `${name} is not installed (in ${folder}; \`node scripts/log-programs.mjs ${name}\` does it)`,
  };
}
