import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { native } from "./native.js";
import { OPERATORS } from "./operator-names.generated.js";

it("is what the generator writes from the engine's schemas", () => {
  const script = fileURLToPath(new URL("../../scripts/generate-operators.mjs", import.meta.url));
  execFileSync(process.execPath, [script, "--check"], { encoding: "utf8" });
});

it("names operators that the engine has", () => {
  expect(OPERATORS.length).toBeGreaterThan(100);
  for (const name of OPERATORS) expect(native().describeOperator(name).schema).toMatch(/^(aten|longtail)::/);
  expect(() => native().describeOperator("aten::no_such_operator")).toThrowErrorMatchingInlineSnapshot(
    `[TorchError: Could not find schema for aten::no_such_operator.]`,
  );
});
