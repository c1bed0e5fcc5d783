import type { Environment } from "../../support/paths.js";
import { UsageError } from "../../support/errors.js";

/**
 * Which MLflow server a run is logged to, and how.
 *
 * @example
 * const mlflow: MlflowOptions = { url: "http://127.0.0.1:5000", experiment: "tails" };
 */
export interface MlflowOptions {
  /** http://… or https://…; null: MLFLOW_TRACKING_URI. */
  readonly url: string | null;
  /** Its name; null: MLFLOW_EXPERIMENT_NAME, else MLflow's own "Default". */
  readonly experiment: string | null;
}

export interface MlflowSettings {
  /** Without a slash at its end. */
  readonly url: string;
  readonly experiment: string;
  /** The header that identifies us. It is neither shown nor stored. */
  readonly authorization: string | null;
}

/**
 * What was asked for, filled in from the environment variables that MLflow documents: MLFLOW_TRACKING_URI,
 * MLFLOW_EXPERIMENT_NAME, MLFLOW_TRACKING_TOKEN, MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.
 * @throws UsageError for an address that is none, or that holds a password: it would be stored with the command.
 */
export function mlflowSettings(
  { url, experiment }: MlflowOptions,
  environment: Environment = process.env,
): MlflowSettings {
  const from = url === null ? "MLFLOW_TRACKING_URI" : "--mlflow";
  const given = url ?? environment["MLFLOW_TRACKING_URI"] ?? "";
  return {
    url: checked(given, from),
    experiment: experiment ?? environment["MLFLOW_EXPERIMENT_NAME"] ?? "Default",
    authorization: authorization(environment),
  };
}

function checked(text: string, from: string): string {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) {
    const found = text === "" ? "nothing" : JSON.stringify(text.replace(/\/\/.*@/, "//…@"));
    throw new UsageError(
      `${from}: expected the address of an MLflow server, http://… or https://…, found ${found}.`,
    );
  }
  const { username, password } = new URL(text);
  if (username + password !== "")
    throw new UsageError(
      `${from}: expected an address without user and password; give them by MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.`,
    );
  return text.replace(/\/+$/, "");
}

function authorization(environment: Environment): string | null {
  const token = environment["MLFLOW_TRACKING_TOKEN"] ?? "";
  const user = environment["MLFLOW_TRACKING_USERNAME"] ?? "";
  const password = environment["MLFLOW_TRACKING_PASSWORD"] ?? "";
  if (user !== "") return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  return token === "" ? null : `Bearer ${token}`;
}
