import { shownValue } from "../../../support/budget.js";
import { DataError } from "../../../support/errors.js";
import { jsonBudgetFault } from "../../../support/json-text.js";
import { readTextFile } from "./text-file.js";

/** @throws DataError when the file cannot be read or is no JSON object */
export function readJsonObject(file: string): Readonly<Record<string, unknown>> {
  const content = parseJson(file);
  if (typeof content === "object" && content !== null && !Array.isArray(content))
    return content as Readonly<Record<string, unknown>>;
  throw new DataError(
    `${file}: expected a JSON object, found ${Array.isArray(content) ? "a list" : shownValue(content)}.`,
  );
}

/** @throws DataError when the file cannot be read or is no JSON */
export function parseJson(file: string): unknown {
  const text = readTextFile(file);
  const fault = jsonBudgetFault(text);
  if (fault !== null) throw new DataError(`${file}: ${fault}.`);
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new DataError(`${file}: expected JSON: ${error.message}.`, { cause: error });
  }
}
