import { z } from "zod";
import { recipeSchema } from "./schema.js";

/** A key of a recipe, as it is shown to people. */
export interface RecipeKey {
  /** Dotted, with N for a place in a list: data.train.N.size. */
  readonly path: string;
  /** What it takes: "a whole number > 0", "one of zeroed, removed", … */
  readonly type: string;
  readonly default: unknown;
  readonly required: boolean;
  readonly description: string;
  /** The choice that the key belongs to, when it is not always there; of an object that may be null, "given". */
  readonly when: { readonly path: string; readonly kind: string } | null;
}

type Schema = z.core.JSONSchema.JSONSchema;

/** Every key of the schema, in its order. */
export function recipeKeys(): RecipeKey[] {
  const schema = z.toJSONSchema(recipeSchema(), { io: "input" });
  return [...keysInside(schema, "", null)];
}

function* keysInside(schema: Schema, prefix: string, when: RecipeKey["when"]): Generator<RecipeKey> {
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    if (typeof inner === "boolean" || inner.const !== undefined) continue;
    const required = schema.required?.includes(name) ?? false;
    yield* keysOf(inner, { path: prefix + name, required, when });
  }
}

function* keysOf(schema: Schema, at: Pick<RecipeKey, "path" | "required" | "when">): Generator<RecipeKey> {
  const key = { ...at, default: schema.default, description: schema.description ?? "" };
  if (schema.properties) {
    yield* keysInside(schema, `${at.path}.`, at.when);
  } else if (schema.oneOf) {
    yield* keysOfChoice(schema.oneOf, key);
  } else {
    yield { ...key, type: typeText(schema) };
    const items = [schema, ...(schema.anyOf ?? [])]
      .map((part) => isSchema(part) && part.items)
      .find(isSchema);
    if (items?.oneOf) yield* keysOf(items, { path: `${at.path}.N`, required: true, when: at.when });
    const object = schema.anyOf?.find((part) => isSchema(part) && part.properties);
    const given = { path: at.path, kind: "given" };
    if (isSchema(object)) yield* keysInside(object, `${at.path}.`, given);
    const choice = schema.anyOf?.find((part) => isSchema(part) && part.oneOf);
    if (isSchema(choice))
      yield* keysOfChoice(choice.oneOf!, {
        path: at.path,
        required: true,
        when: given,
        default: undefined,
        description: `kind of ${at.path}`,
      });
  }
}

/** A tagged union: the key that chooses, then what each choice has. Keys that all of them have alike come once. */
function* keysOfChoice(variants: readonly Schema[], key: Omit<RecipeKey, "type">): Generator<RecipeKey> {
  const path = `${key.path}.kind`;
  const chosen = isSchema(key.default) ? (key.default as { kind?: string }).kind : undefined;
  yield { ...key, path, type: oneOf(variants.map(kindOf)), default: chosen };
  const own = variants.map((variant) => [
    ...keysInside(variant, `${key.path}.`, { path, kind: kindOf(variant) }),
  ]);
  for (const [place, keys] of own.entries()) {
    for (const inner of keys) {
      const shared = own.every((others) => others.some((other) => isAlike(other, inner)));
      if (!shared) yield inner;
      else if (place === 0) yield { ...inner, when: key.when };
    }
  }
}

function isAlike(a: RecipeKey, b: RecipeKey): boolean {
  return a.path === b.path && a.type === b.type && a.default === b.default;
}

function kindOf(variant: Schema): string {
  const kind = variant.properties?.["kind"];
  return isSchema(kind) && typeof kind.const === "string" ? kind.const : "";
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function oneOf(names: readonly unknown[]): string {
  return names.length === 1 ? JSON.stringify(names[0]) : `one of ${names.join(", ")}`;
}

function typeText(schema: Schema): string {
  if (schema.enum) return oneOf(schema.enum);
  if (schema.anyOf) return schema.anyOf.map((part) => (isSchema(part) ? typeText(part) : "")).join(" or ");
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeText({ type })).join(" or ");
  switch (schema.type) {
    case "integer":
      return `a whole number${range(schema)}`;
    case "number":
      return `a number${range(schema)}`;
    case "string":
      return "text";
    case "boolean":
      return "true or false";
    case "null":
      return "null";
    case "array":
      return listText(schema);
    default:
      return "an object";
  }
}

function listText(schema: Schema): string {
  if (schema.prefixItems) {
    const [item] = schema.prefixItems;
    return `a list of ${schema.prefixItems.length} numbers${isSchema(item) ? range(item) : ""}`;
  }
  const items = schema.items;
  if (isSchema(items) && items.enum) return `a list of ${items.enum.join(", ")}`;
  if (isSchema(items) && items.type === "integer") return `a list of whole numbers${range(items)}`;
  return "a list";
}

function range({ minimum, exclusiveMinimum, maximum }: Schema): string {
  const limits: string[] = [];
  if (exclusiveMinimum !== undefined) limits.push(`> ${exclusiveMinimum}`);
  if (minimum !== undefined) limits.push(`>= ${minimum}`);
  if (maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER) limits.push(`<= ${maximum}`);
  return limits.length === 0 ? "" : ` ${limits.join(" and ")}`;
}
