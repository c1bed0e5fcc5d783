import { createRoute, z } from "@hono/zod-openapi";

/** What the addresses take and answer: the source of the OpenAPI description and of its types. */

const Prediction = z
  .object({
    class: z.string().openapi({ example: "helicopter" }),
    index: z.int().openapi({ description: "Index of the class among the model's classes.", example: 11 }),
    probability: z.number().min(0).max(1).openapi({ example: 0.93 }),
  })
  .openapi("Prediction");

const PredictedImage = z
  .object({
    name: z
      .string()
      .nullable()
      .openapi({ description: "Name of the file; null for a body that is the image." }),
    predictions: z.array(Prediction).openapi({ description: "Classes, the most probable first." }),
  })
  .openapi("PredictedImage");

const RefusedImage = z
  .object({
    name: z.string().nullable(),
    error: z.string().openapi({ example: "cannot be decoded, the file is damaged or truncated" }),
  })
  .openapi("RefusedImage");

const Predictions = z
  .object({
    model: z.string().openapi({ example: "birds" }),
    calibrated: z
      .boolean()
      .openapi({ description: "Whether the probabilities were calibrated with a temperature." }),
    images: z
      .array(z.union([PredictedImage, RefusedImage]))
      .openapi({ description: "In the order of the request." }),
  })
  .openapi("Predictions");

const Fault = z
  .object({ error: z.string().openapi({ example: "body: expected an image, found no bytes." }) })
  .openapi("Error");

const Model = z
  .object({
    name: z.string(),
    classes: z.array(z.string()),
    groups: z
      .array(z.enum(["many", "medium", "few"]))
      .openapi({ description: "Of each class, by its number of training images." }),
    recipe: z.string(),
    precision: z.string(),
    accuracy: z
      .object({
        images: z.number(),
        all: z.number().nullable(),
        many: z.number().nullable(),
        medium: z.number().nullable(),
        few: z.number().nullable(),
      })
      .nullable()
      .openapi({ description: "In percent, on the test images of the training." }),
  })
  .openapi("Model");

const Health = z
  .object({
    status: z.enum(["ok", "failing", "ending"]),
    models: z.array(z.string()),
    failing: z
      .array(z.string())
      .openapi({ description: "Models whose threads have ended and are started again." }),
  })
  .openapi("Health");

export type Predictions = z.infer<typeof Predictions>;
export type ModelDescription = z.infer<typeof Model>;

const json = <Schema extends z.ZodType>(schema: Schema, description: string) => ({
  description,
  content: { "application/json": { schema } },
});
const fault = (description: string) => json(Fault, description);
const retryAfter = {
  headers: z.object({ "Retry-After": z.string().openapi({ description: "Seconds to wait.", example: "2" }) }),
};

const binary = { schema: z.string().openapi({ type: "string", format: "binary" }) };
const security = [{ bearer: [] }];

/** What a request for predictions may ask for. */
export const PredictQuery = z.object({
  top: z.coerce
    .number({ error: "expected a whole number from 1 to 10000" })
    .int("expected a whole number from 1 to 10000")
    .min(1, "expected a whole number from 1 to 10000")
    .max(10_000, "expected a whole number from 1 to 10000")
    .default(5)
    .openapi({ description: "Number of classes for each image.", example: 5 }),
});

const predictRequest = {
  query: PredictQuery,
  body: {
    required: true,
    description: "One image, or several as the files of a form.",
    content: {
      "image/*": binary,
      "application/octet-stream": binary,
      "multipart/form-data": {
        schema: z.object({
          image: z.array(z.string().openapi({ type: "string", format: "binary" })),
        }),
      },
    },
  },
} as const;

const predictResponses = {
  200: json(Predictions, "The classes of each image; an image that cannot be read has an error instead."),
  400: fault("An empty or damaged body, or a query that is wrong."),
  401: { description: "The token is missing or wrong." },
  404: fault("There is no model of that name."),
  408: { description: "The request took too long to arrive." },
  413: fault("A body of too many bytes or images."),
  415: fault("A body that is neither an image nor a form."),
  422: fault("No image of the request can be read: damaged, of an unknown format, or of too many pixels."),
  429: { ...fault("Too many images wait already."), ...retryAfter },
  503: { ...fault("The prediction took too long, or the thread that computes it ended."), ...retryAfter },
} as const;

export const predictRoute = createRoute({
  method: "post",
  path: "/predict",
  summary: "Predict images with the first model",
  security,
  request: predictRequest,
  responses: predictResponses,
});

export const predictWithRoute = createRoute({
  method: "post",
  path: "/models/{model}/predict",
  summary: "Predict images with the model of that name",
  security,
  request: { ...predictRequest, params: z.object({ model: z.string().openapi({ example: "birds" }) }) },
  responses: predictResponses,
});

export const modelsRoute = createRoute({
  method: "get",
  path: "/models",
  summary: "The models and their classes",
  security,
  responses: {
    200: json(z.array(Model), "The models, in the order of the command line."),
    401: predictResponses[401],
  },
});

export const healthRoute = createRoute({
  method: "get",
  path: "/healthz",
  summary: "Whether the server takes requests",
  responses: {
    200: json(Health, "It does."),
    503: json(Health, "It is ending, or a model cannot predict: send requests elsewhere."),
  },
});

export const metricsRoute = createRoute({
  method: "get",
  path: "/metrics",
  summary: "Counters and times for Prometheus",
  security,
  responses: {
    200: { description: "Prometheus's text format.", content: { "text/plain": { schema: z.string() } } },
    401: predictResponses[401],
  },
});

/** What the OpenAPI document says of the server as a whole. */
export const DOCUMENT = {
  openapi: "3.1.0",
  info: {
    title: "longtail serve",
    description:
      "Image classification. Images are held in memory while they are predicted, and nowhere else.",
  },
} as const;
