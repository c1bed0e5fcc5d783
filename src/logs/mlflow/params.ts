import { isObject } from "../../support/json.js";

export interface Param {
  readonly key: string;
  readonly value: string;
}

/** What MLflow takes at most, in characters; longer ones are cut. */
const MAX_KEY_LENGTH = 250;
const MAX_VALUE_LENGTH = 6000;

/** A recipe as MLflow's parameters: a dotted key each; a list is one value, as JSON. */
export function paramsOf(value: unknown, prefix = ""): Param[] {
  if (isObject(value)) {
    return Object.entries(value).flatMap(([key, inner]) =>
      paramsOf(inner, prefix === "" ? key : `${prefix}.${key}`),
    );
  }
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return [
    {
      key: prefix.replaceAll(/[^\w.\-/ ]/g, "_").slice(0, MAX_KEY_LENGTH),
      value: text.slice(0, MAX_VALUE_LENGTH),
    },
  ];
}
