import type { HttpBindings } from "@hono/node-server";
import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { knownHost, safeHeaders, tokenHolder } from "../http/guard.js";
import { pathBelow, type Site } from "../http/open-server.js";
import { type PageFiles, pageHandler } from "../http/page-files.js";
import { longtailVersion } from "../runs/versions.js";
import {
  DOCUMENT,
  healthRoute,
  metricsRoute,
  type ModelDescription,
  modelsRoute,
  PredictQuery,
  type Predictions,
  predictRoute,
  predictWithRoute,
} from "./api.js";
import { DOCS_POLICY, docsPage } from "./docs-page.js";
import type { Metrics } from "./metrics.js";
import type { ServedModel, ServedModels } from "./models.js";
import { predictUploads, type RequestLimits } from "./predict.js";
import { discardBody, MemoryBudget, RequestError } from "./uploads.js";

export interface AppParts extends Site {
  readonly models: ServedModels;
  readonly metrics: Metrics;
  readonly limits: RequestLimits;
  /** Bytes of all uploads that are in memory. */
  readonly maxUploadBytes: number;
  readonly files: PageFiles;
  /** Whether the server is about to end. */
  readonly isEnding: () => boolean;
  /** Receives an error of the program's own. */
  readonly onError: (error: Error) => void;
}

interface Env {
  readonly Bindings: HttpBindings;
}

/**
 * The addresses that api.ts describes, the description itself (/openapi.json, /docs) and the page to drop photographs on.
 * /healthz needs no token: load balancers have none.
 */
export function serveApp(parts: AppParts): OpenAPIHono<Env> {
  const { access, basePath, models, metrics, files, isEnding, onError } = parts;
  const app = new OpenAPIHono<Env>({
    getPath: (request) => pathBelow(basePath, new URL(request.url).pathname),
  });
  app.onError((error, context) => {
    if (!(error instanceof RequestError)) onError(error);
    return errorAnswer(error, context);
  });
  app.use(safeHeaders({ images: "blob:" }), closing(isEnding), knownHost(access));
  app.openapi(healthRoute, (context) => {
    const names = models.all.map(({ source }) => source.name);
    const failing = models.all.filter(({ engine }) => !engine.isUp).map(({ source }) => source.name);
    if (isEnding()) return context.json({ status: "ending" as const, models: names, failing }, 503);
    if (failing.length > 0) return context.json({ status: "failing" as const, models: names, failing }, 503);
    return context.json({ status: "ok" as const, models: names, failing }, 200);
  });
  app.use(sameOrigin(), tokenHolder(access));
  app.openapi(metricsRoute, async (context) =>
    context.text(await metrics.text(), 200, { "Content-Type": metrics.contentType }),
  );
  app.openapi(modelsRoute, (context) => context.json(models.all.map(describe), 200));
  const predict = predictWith(parts);
  // Described only: the description's own check would read the body, without the limits.
  for (const route of [predictRoute, predictWithRoute]) app.openAPIRegistry.registerPath(route);
  app.post("/predict", async (context) => context.json(await predict(context, models.get(undefined)!)));
  app.post("/models/:model/predict", async (context) => {
    const name = context.req.param("model");
    const model = models.get(name);
    if (model === undefined)
      throw new RequestError(404, `there is no model ${JSON.stringify(name)}; GET /models lists them.`);
    return context.json(await predict(context, model));
  });
  describeApi(app);
  app.get("*", pageHandler(files, basePath));
  app.notFound((context) =>
    context.json({ error: "there is no such address; GET /docs describes them." }, 404),
  );
  return app;
}

/** Reads a request's images and has them predicted, and counts both; a request that fails is counted by its status. */
function predictWith({ metrics, limits, maxUploadBytes }: AppParts) {
  const memory = new MemoryBudget(maxUploadBytes);
  return async (context: Context<Env>, model: ServedModel): Promise<Predictions> => {
    const { name } = model.source;
    const started = performance.now();
    let status = 500;
    try {
      const top = topIn(context);
      const request = context.env.incoming;
      const onImages = (images: readonly object[]): void => metrics.images(name, images);
      const answer = await predictUploads({ request, model, top, limits, memory, onImages });
      status = 200;
      return answer;
    } catch (error) {
      if (error instanceof RequestError) status = error.status;
      if (!(await discardBody(context.env.incoming))) context.header("Connection", "close");
      throw error;
    } finally {
      metrics.request(name, { status, seconds: (performance.now() - started) / 1000 });
    }
  };
}

function describe({ source, engine }: ServedModel): ModelDescription {
  const { classes, groups, recipe, precision, accuracy } = engine.metadata;
  return {
    name: source.name,
    classes: [...classes],
    groups: [...groups],
    recipe: recipe.name,
    precision,
    accuracy,
  };
}

/** The description that programs read, and the page that shows it. */
function describeApi(app: OpenAPIHono<Env>): void {
  app.openAPIRegistry.registerComponent("securitySchemes", "bearer", { type: "http", scheme: "bearer" });
  const { info, ...rest } = DOCUMENT;
  const document = { ...rest, info: { ...info, version: longtailVersion() }, servers: [{ url: "./" }] };
  app.doc31("/openapi.json", document);
  app.get("/docs", (context) =>
    context.html(docsPage(app.getOpenAPI31Document(document)), 200, {
      "Content-Security-Policy": DOCS_POLICY,
    }),
  );
}

function errorAnswer(error: Error, context: Context): Response {
  if (!(error instanceof RequestError))
    return context.json({ error: "internal error; the server's log has it." }, 500);
  const { status, message, retryAfter } = error;
  if (retryAfter !== undefined) context.header("Retry-After", String(retryAfter));
  return context.json({ error: message }, status);
}

/** While the server ends, every answer is the last one of its connection. */
function closing(isEnding: () => boolean): MiddlewareHandler {
  return async (context, next) => {
    await next();
    if (isEnding()) context.res.headers.set("Connection", "close");
  };
}

/** Refuses requests that a page of elsewhere has a browser send: they would take this machine's time. */
function sameOrigin(): MiddlewareHandler {
  return async (context, next) => {
    const site = context.req.header("sec-fetch-site");
    if (context.req.method === "GET" || site === undefined || site === "same-origin" || site === "none")
      return next();
    return context.json(
      { error: "expected a request of this server's own page, or of a program; found one of another page." },
      403,
    );
  };
}

/** @throws RequestError for a query that is wrong. */
function topIn(context: Context): number {
  const parsed = PredictQuery.safeParse(context.req.query());
  if (parsed.success) return parsed.data.top;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join(".")}: ${message}.`);
  throw new RequestError(400, faults.join("\n"));
}
