/**
 * Schemas of the methods, of which the recipe's key `method` is a union, and the register of methods that are defined
 * elsewhere. Zod alone: recipes are read and checked without libtorch.
 */
import type { z } from "zod";
import { UsageError } from "../support/errors.js";
import type { FileIdentity } from "../support/file-identity.js";
import { BalancedSoftmaxSchema } from "./balanced-softmax/schema.js";
import { CrossEntropySchema } from "./cross-entropy/schema.js";
import { DistillSchema } from "./distill/schema.js";
import { LdamSchema } from "./ldam/schema.js";
import { NclPlusPlusSchema } from "./ncl-plus-plus/schema.js";
import { NclSchema } from "./ncl/schema.js";

/** Schemas of the methods that come with longtail, in the order of `longtail recipes --keys`. */
export const builtInSchemas = [
  CrossEntropySchema,
  BalancedSoftmaxSchema,
  NclSchema,
  NclPlusPlusSchema,
  LdamSchema,
  DistillSchema,
] as const;

/** Schema of a method: a strict object with its `kind`, and `experts` and `sharedStages` as every method has them. */
export type MethodSchema = z.ZodObject<
  { kind: z.ZodLiteral<string>; experts: z.ZodType<number>; sharedStages: z.ZodType<number> } & z.ZodRawShape,
  z.core.$strict
>;

interface OutsideMethod {
  readonly schema: MethodSchema;
  /** Null for a method that a program defines, not a recipe's file. */
  readonly from: FileIdentity | null;
}

const outside = new Map<string, OutsideMethod>();
let reading: FileIdentity | null = null;

/** Runs `load`; the methods that are defined meanwhile are remembered as the file's. */
export async function definingMethods<T>(from: FileIdentity, load: () => Promise<T>): Promise<T> {
  const before = reading;
  reading = from;
  try {
    return await load();
  } finally {
    reading = before;
  }
}

/**
 * Adds a method that does not come with longtail. A file that is read again replaces its own method.
 * @throws UsageError when the kind is taken.
 */
export function registerSchema(kind: string, schema: MethodSchema): void {
  if (builtInSchemas.some((one) => one.shape.kind.value === kind))
    throw new UsageError(
      `method ${JSON.stringify(kind)}: expected a kind of its own, found that of a method of longtail; choose another`,
    );
  const known = outside.get(kind);
  if (known !== undefined && (known.from === null || known.from.file !== reading?.file))
    throw new UsageError(
      `method ${JSON.stringify(kind)}: expected to be defined once, found a second definition${placeOf(reading)}; the first is${
        placeOf(known.from) || " in this program"
      }`,
    );
  outside.set(kind, { schema, from: reading });
}

/** Every schema of a method that is known by now. */
export function methodSchemas(): readonly [MethodSchema, ...MethodSchema[]] {
  const [first, ...others] = builtInSchemas as unknown as [MethodSchema, ...MethodSchema[]];
  return [first, ...others, ...[...outside.values()].map(({ schema }) => schema)];
}

/** File that defined a method; null for one that comes with longtail or was defined by a program. */
export function fileOfMethod(kind: string): FileIdentity | null {
  return outside.get(kind)?.from ?? null;
}

function placeOf(from: FileIdentity | null): string {
  return from === null ? "" : ` in ${from.file}`;
}
