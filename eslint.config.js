import js from "@eslint/js";
import prettier from "eslint-config-prettier";
import tseslint from "typescript-eslint";

const sizeLimits = {
  "max-lines": ["error", { max: 400 }],
  "max-lines-per-function": ["error", { max: 60, skipBlankLines: true, skipComments: true }],
};

/** Names of variables, functions and types that the code has better words for. */
const words = [
  ["/^(MOST|LEAST|LONGEST|SHORTEST)_/", "Say MAX_ or MIN_."],
  ["/^([tT]ell|[tT]ells|[tT]old|[hH]ear|[hH]ears)$/", "Say emit, log, report or handle."],
  ["/^([jJ]udge|[jJ]udged|[jJ]udgement)$/", "Say evaluate, or evaluation."],
  ["/^(Prepared|Reached|Placed)$/", "Name a type by a noun for what it is."],
].map(([name, message]) => ({
  selector: `:matches(VariableDeclarator, FunctionDeclaration, ClassDeclaration, TSInterfaceDeclaration, TSTypeAliasDeclaration) > Identifier.id[name=${name}]`,
  message,
}));

const forms = [
  { selector: "TSEnumDeclaration", message: "A closed choice is a union of string literals." },
  { selector: "ExportDefaultDeclaration", message: "Export by name (recipes are the exception)." },
  { selector: "ExportAllDeclaration", message: "Export by name, never *." },
  ...words,
];

/** A list has as many values as a data set has classes or images. */
const spreads = {
  selector: "CallExpression[callee.object.name='Math'][callee.property.name=/^(max|min)$/] > SpreadElement",
  message: "A call of many arguments overflows the stack: maxOf and minOf of support/math.",
};

export default tseslint.config(
  { ignores: ["build/", "dist/", "node_modules/", "runs/", "examples/", "**/*.generated.ts"] },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      ...sizeLimits,
      eqeqeq: "error",
      "no-duplicate-imports": "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/consistent-type-exports": "error",
      "@typescript-eslint/explicit-module-boundary-types": "error",
      // Numbers read well in messages; everything else must be made a string on purpose.
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-confusing-void-expression": ["error", { ignoreArrowShorthand: true }],
      // An index that is in range by construction, where noUncheckedIndexedAccess asks for a check.
      "@typescript-eslint/no-non-null-assertion": "off",
      // `using _ = scope();` holds a scope open by being there; an underscore says that it is not read.
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "no-restricted-syntax": ["error", ...forms],
    },
  },
  { files: ["**/*.mjs", "**/*.js", "**/*.cjs"], rules: { ...sizeLimits } },
  {
    files: ["**/*.mjs", "**/*.js", "**/*.cjs"],
    languageOptions: {
      globals: {
        process: "readonly",
        console: "readonly",
        module: "writable",
        URL: "readonly",
        performance: "readonly",
      },
    },
  },
  // Commander's types grow with each option; only the compiler can write them.
  {
    files: ["src/cli/options.ts", "src/cli/server-options.ts"],
    rules: { "@typescript-eslint/explicit-module-boundary-types": "off" },
  },
  {
    files: ["src/**/*.ts"],
    ignores: ["**/*.test.ts", "**/*.fixture.ts"],
    rules: { "no-restricted-syntax": ["error", ...forms, spreads] },
  },
  {
    files: ["src/recipes/built-in/*.ts", "vitest.config.ts", "web/vite.config.ts"],
    rules: { "no-restricted-syntax": "off" },
  },
  {
    files: ["**/*.test.ts", "test/**/*.ts"],
    rules: { "max-lines-per-function": "off" },
  },
  prettier,
);
