import { dirname, resolve } from "node:path";
import { z } from "zod";
import { readRecipeFile } from "../recipes/file.js";
import { shownValue } from "../support/budget.js";
import { UsageError } from "../support/errors.js";
import { isObject, type Json } from "../support/json.js";
import { type Reported, reportedSchema } from "../recipes/result-row.js";

const seeds = z.array(z.int().min(0)).min(1);

const Table = z.strictObject({
  /** Data folder of the runs that name none, from the table's folder. */
  data: z.string().min(1).optional(),
  /** Seeds of the runs that name none. */
  seeds: seeds.default([0]),
  runs: z
    .array(
      z.strictObject({
        recipe: z.string().min(1),
        /** Name of the row and of its folder: the recipe's name unless given. */
        name: z
          .string()
          .regex(/^[\w.-]+$/, "a name of letters, digits, dots, dashes and underscores")
          .optional(),
        data: z.string().min(1).optional(),
        seeds: seeds.optional(),
        /** Changed keys, dotted, as --set has them. */
        set: z.record(z.string(), z.json()).default({}),
        reported: reportedSchema.optional(),
      }),
    )
    .min(1),
});

/** One run of a table: a recipe with a seed. */
export interface PlannedRun {
  /** Of the table's row, the same for all of its seeds. */
  readonly name: string;
  /** A built-in's name, or a file's path. */
  readonly recipe: string;
  readonly seed: number;
  readonly data: string | undefined;
  /** By dotted key; the seed is among them. */
  readonly set: Readonly<Record<string, Json>>;
  readonly reported: Reported | null;
}

/**
 * The runs of a table in its order, all seeds of a row one after the other. Paths in it start at the table's folder.
 * @throws UsageError that names the file and the key.
 */
export async function readTable(path: string): Promise<PlannedRun[]> {
  const found = await readRecipeFile(path);
  const parsed = Table.safeParse(found);
  if (!parsed.success)
    throw new UsageError(parsed.error.issues.map((issue) => fault(path, issue)).join("\n"));
  const { data, seeds: shared, runs } = parsed.data;
  const from = (file: string): string => resolve(dirname(path), file);
  const planned = runs.map((row) => {
    const isFile = /[/\\]|\.(json|ya?ml|m?js|ts)$/.test(row.recipe);
    return { ...row, name: row.name ?? nameOf(row.recipe), recipe: isFile ? from(row.recipe) : row.recipe };
  });
  for (const [index, { name }] of planned.entries())
    if (planned.findIndex((other) => other.name === name) < index)
      throw new UsageError(
        `${path}: runs.${index}.name: expected a name of its own, found ${name} a second time; name the row`,
      );
  return planned.flatMap((row) =>
    (row.seeds ?? shared).map((seed) => ({
      name: row.name,
      recipe: row.recipe,
      seed,
      data: (row.data ?? data) ? from((row.data ?? data)!) : undefined,
      set: { ...row.set, seed },
      reported: row.reported ?? null,
    })),
  );
}

/** The file's name without folder and extension; a built-in's name as it is. */
function nameOf(recipe: string): string {
  return recipe.replace(/^.*[/\\]/, "").replace(/\.(json|ya?ml|m?js|ts)$/, "");
}

function fault(file: string, { path, message, ...issue }: z.core.$ZodIssue): string {
  const key = path.join(".");
  if (issue.code === "unrecognized_keys") {
    const known = Object.keys(path[0] === "runs" ? Table.shape.runs.element.shape : Table.shape);
    return `${file}: ${key === "" ? "" : `${key}: `}unknown key ${issue.keys.join(", ")}; expected ${known.join(", ")}`;
  }
  const what = isObject(issue.input) || issue.input === undefined ? "" : `, found ${shownValue(issue.input)}`;
  return `${file}: ${key || "the table"}: ${message}${what}`;
}
