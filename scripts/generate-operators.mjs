// Writes src/torch/operators.generated.ts and operator-names.generated.ts from libtorch's own schemas, for the operators named in operators.json:
//   "name": "overload"                       one function; a trailing "arg?" makes a nullable argument an option
//   "name": "longtail::operator"             one of our own (native/kernels)
//   "name": ["op.Tensor", "op.Scalar"]       one function for both, told apart by the argument that differs
// An operator whose schema begins with `self` becomes a method of Tensor, any other a function.
//   node scripts/generate-operators.mjs [--check]     (after `npm run build` and the native build)
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import prettier from "prettier";
import { native } from "../dist/torch/native.js";

const here = dirname(fileURLToPath(import.meta.url));
const target = (file) => join(here, "../src/torch", file);
/** Arguments that make no sense from JavaScript: always the schema's default. */
const HIDDEN = new Set(["Layout", "Generator"]);
const TYPES = {
  Tensor: "Tensor",
  Scalar: "Scalar",
  int: "number",
  SymInt: "number",
  float: "number",
  bool: "boolean",
  str: "string",
  Device: "string",
  ScalarType: "DType",
  MemoryFormat: "MemoryFormat",
  "int[]": "readonly number[]",
  "SymInt[]": "readonly number[]",
  "float[]": "readonly number[]",
  "bool[]": "readonly boolean[]",
  "Tensor[]": "readonly Tensor[]",
  "Scalar[]": "readonly Scalar[]",
};

const camel = (name) => name.replace(/_+([a-z0-9])/g, (_, letter) => letter.toUpperCase());

function parseType(text) {
  const nullable = text.endsWith("?");
  const base = (nullable ? text.slice(0, -1) : text)
    .replace("number", "Scalar")
    .replace(/\[\d+\]/, "[]")
    .replace("List[", "");
  return { base, nullable };
}

function describe(entry, index) {
  const [name, ...flags] = entry.split(" ");
  const asOption = new Set(flags.map((flag) => flag.replace("?", "")));
  const qualified = name.includes("::") ? name : `aten::${name}`;
  const description = native().describeOperator(qualified);
  const args = description.arguments.map((argument) => {
    const { base, nullable } = parseType(argument.type);
    const hidden = HIDDEN.has(base) || argument.name === "pin_memory";
    if (!hidden && !TYPES[base])
      throw new Error(
        `${name}: argument ${argument.name} has the type ${argument.type}, unknown to this generator`,
      );
    return {
      name: camel(argument.name),
      base,
      nullable,
      hidden,
      option: argument.hasDefault || asOption.has(argument.name),
    };
  });
  return {
    qualified,
    schema: description.schema,
    args,
    returns: description.returns,
    index,
  };
}

const tsType = (argument) => TYPES[argument.base] + (argument.nullable ? " | null" : "");

/** The expression that hands one argument to the addon. */
function passed(argument, expression) {
  if (argument.base === "Tensor")
    return argument.nullable ? `${expression}?.handle ?? null` : `${expression}.handle`;
  if (argument.base === "Tensor[]") return `handles(${expression})`;
  return expression;
}

function callExpression(variant, isMethod) {
  const parts = variant.args.map((argument, position) => {
    if (isMethod && position === 0) return "this.handle";
    if (argument.hidden) return "undefined";
    if (!argument.option) return passed(argument, argument.ts ?? argument.name);
    if (argument.base === "Tensor") return `options.${argument.name}?.handle`;
    return argument.base.includes("Tensor")
      ? passed(argument, `options.${argument.name}`)
      : `options.${argument.name}`;
  });
  while (parts.at(-1) === "undefined") parts.pop();
  return `call(${[variant.index, ...parts].join(", ")})`;
}

function resultOf(variant, expression, isMethod) {
  const { returns } = variant;
  if (returns.length === 0) return { type: "void", body: `${expression};` };
  if (returns.length === 1) {
    const [only] = returns;
    if (only.alias)
      return isMethod
        ? { type: "this", body: `${expression}; return this;` }
        : { type: "Tensor", body: `${expression}; return ${variant.args[0].name};` };
    if (only.type === "Tensor") return { type: "Tensor", body: `return wrap(${expression});` };
    if (only.type === "List[Tensor]" || only.type === "Tensor[]")
      return { type: "Tensor[]", body: `return wrapAll(${expression});` };
    return {
      type: only.type === "bool" ? "boolean" : "number",
      body: `return ${expression} as ${only.type === "bool" ? "boolean" : "number"};`,
    };
  }
  const types = returns.map(() => "Tensor").join(", ");
  return { type: `[${types}]`, body: `return wrapAll(${expression}) as [${types}];` };
}

/** Joins the schemas of one name: they may differ in one argument, tensor (or list) in the first and scalar in the second. */
function mergeOverloads(variants) {
  if (variants.length === 1) return null;
  const [tensorLike, scalarLike] = variants;
  const position = tensorLike.args.findIndex((argument, i) => argument.base !== scalarLike.args[i].base);
  const name = tensorLike.args[position].name;
  scalarLike.args[position].name = name;
  scalarLike.args[position].ts = name;
  const isList = tensorLike.args[position].base === "Tensor[]";
  return { position, test: isList ? `Array.isArray(${name})` : `typeof ${name} === "object"`, isList };
}

function generate(name, variants) {
  const joined = mergeOverloads(variants);
  const [main] = variants;
  const isMethod = main.args[0]?.name === "self" && main.args[0].base === "Tensor";
  const visible = main.args.filter((argument, position) => !argument.hidden && !(isMethod && position === 0));
  const union = (argument) =>
    joined && argument === main.args[joined.position] ? `${tsType(argument)} | Scalar` : tsType(argument);
  const positional = visible
    .filter((argument) => !argument.option)
    .map((argument) => `${argument.name}: ${union(argument)}`);
  const options = visible
    .filter((argument) => argument.option)
    .map((argument) => `${argument.name}?: ${tsType(argument)} | undefined`);
  if (options.length) positional.push(`options: { ${options.join("; ")} } = {}`);
  const bodies = variants.map((variant) => {
    let expression = callExpression(variant, isMethod);
    if (joined?.isList && variant === main)
      expression = expression.replace(
        `handles(${main.args[joined.position].name})`,
        `handles(${main.args[joined.position].name} as readonly Tensor[])`,
      );
    return resultOf(variant, expression, isMethod);
  });
  const body = joined
    ? `if (${joined.test}) { ${bodies[0].body} ${bodies[0].body.includes("return") ? "" : "return;"} } ${bodies[1].body}`
    : bodies[0].body;
  const doc = `/** ${variants.map((variant) => variant.schema).join(" · ")} */`;
  const head = isMethod ? name : `export function ${name}`;
  return { isMethod, code: `${doc}\n${head}(${positional.join(", ")}): ${bodies[0].type} { ${body} }` };
}

const wanted = JSON.parse(readFileSync(join(here, "operators.json"), "utf8"));
const qualified = [];
const generated = Object.entries(wanted).map(([name, entry]) => {
  const variants = [entry].flat().map((text) => {
    const variant = describe(text, qualified.length);
    qualified.push(variant.qualified);
    return variant;
  });
  return generate(name, variants);
});

const head = "// Generated by scripts/generate-operators.mjs from libtorch's schemas; do not edit.\n";
const names = `${head}
/** Operators by number: position i is what call(i, …) runs. */
export const OPERATORS: readonly string[] = ${JSON.stringify(qualified)};
`;
const operators = `${head}/* eslint-disable */
import { call, handles, wrap, wrapAll, type DType, type MemoryFormat, type Scalar } from "./dispatch.js";
import type { Tensor } from "./tensor.js";

/** Operators whose first argument is the tensor itself. */
export abstract class TensorOperators {
  abstract readonly handle: number;

${generated
  .filter((one) => one.isMethod)
  .map((one) => one.code)
  .join("\n\n")}
}

${generated
  .filter((one) => !one.isMethod)
  .map((one) => one.code)
  .join("\n\n")}
`;

for (const [file, source] of Object.entries({
  "operator-names.generated.ts": names,
  "operators.generated.ts": operators,
})) {
  const path = target(file);
  const formatted = await prettier.format(source, {
    ...(await prettier.resolveConfig(path)),
    parser: "typescript",
  });
  if (!process.argv.includes("--check")) writeFileSync(path, formatted);
  else if (readFileSync(path, "utf8") !== formatted) {
    console.error(`src/torch/${file} differs from the schemas: run node scripts/generate-operators.mjs`);
    process.exitCode = 1;
  }
}
console.log(`${Object.keys(wanted).length} names, ${qualified.length} operators`);
