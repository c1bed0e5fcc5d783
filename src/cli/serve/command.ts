import type { CommandUnknownOpts } from "@commander-js/extra-typings";
import { formatSeconds } from "../../support/units.js";
import type { ModelNews } from "../../serve/models.js";
import { newCommand, threadsOption, wholeNumber } from "../options.js";
import { type Output, output } from "../output.js";
import {
  aborted,
  allowHostOption,
  basePathOption,
  hostOption,
  portOption,
  type ServerArguments,
  tokenOption,
  untilInterrupted,
} from "../server-options.js";

interface ServeArguments extends ServerArguments {
  readonly workers?: number | undefined;
  readonly threads?: number | undefined;
  readonly batch: number;
  readonly queue: number;
  readonly maxBody: number;
  readonly maxImages: number;
  readonly maxPixels: number;
  readonly maxMemory: number;
  readonly timeout: number;
  readonly uploadTimeout: number;
  readonly shutdownTimeout: number;
  readonly json: boolean;
}

const MB = 1_000_000;
/** A day. Node.js takes a timer of more than 24.8 of them for one that is over at once. */
const MAX_SECONDS = 86_400;
/** A server is meant to end by Ctrl-C and by SIGTERM, of systemd and Kubernetes: exit code 0. */
const endsWell = ["SIGINT", "SIGTERM"];

const examples = `
Examples:
  longtail serve runs/mine                                  a page and an API at http://127.0.0.1:8080
  longtail serve birds.onnx moths=runs/moths/model.onnx     two models: /models/birds/predict, /models/moths/predict
  longtail serve birds.onnx --host 0.0.0.0                  for other machines: asks for a token
  longtail serve birds.onnx --allow-host photos.example.org --base-path /birds      behind a reverse proxy
  curl -H 'Content-Type: image/jpeg' --data-binary @photo.jpg 'http://127.0.0.1:8080/predict?top=3'
  curl -F image=@one.jpg -F image=@two.png http://127.0.0.1:8080/predict

A run is exported to ONNX first, into the user's cache; the server itself does not load libtorch. GET /docs describes the addresses,
/openapi.json does for programs, /metrics is for Prometheus, /healthz for load balancers. A model whose file changes is loaded again
while the old one answers; a file that is no model leaves it in place.
The token is --token's or the environment variable LONGTAIL_TOKEN's: Authorization: Bearer TOKEN. Ctrl-C and SIGTERM end the server
once every request that has come is answered (exit code 0).`;

export function serveCommand(): CommandUnknownOpts {
  return newCommand("serve")
    .description("serve models over HTTP: an API, and a page to drop photographs on")
    .argument("<model...>", "ONNX files that longtail export wrote, or runs; NAME=PATH gives a name")
    .addOption(hostOption())
    .addOption(portOption(8080))
    .addOption(tokenOption())
    .addOption(allowHostOption())
    .addOption(basePathOption())
    .option(
      "--workers <n>",
      "threads that hold the model and compute a batch each (default: 1 for 2 cores)",
      wholeNumber(1),
    )
    .addOption(threadsOption())
    .option("--batch <n>", "images that are computed at once, at most", wholeNumber(1), 2)
    .option(
      "--queue <n>",
      "images that wait, at most: beyond it the answer is 429 with Retry-After",
      wholeNumber(1),
      256,
    )
    .option("--max-body <MB>", "size of a request", wholeNumber(1), 32)
    .option("--max-images <n>", "images of a request", wholeNumber(1), 64)
    .option("--max-pixels <millions>", "size of an image when decoded", wholeNumber(1), 64)
    .option("--max-memory <MB>", "of all uploads together", wholeNumber(1), 512)
    .option("--timeout <seconds>", "for the prediction of a request", wholeNumber(1, MAX_SECONDS), 30)
    .option("--upload-timeout <seconds>", "for a request to arrive", wholeNumber(1, MAX_SECONDS), 30)
    .option(
      "--shutdown-timeout <seconds>",
      "for requests that have come, when the server ends",
      wholeNumber(1, MAX_SECONDS),
      30,
    )
    .addHelpText("after", examples)
    .action(serve);
}

async function serve(named: string[], options: ServeArguments): Promise<void> {
  const { serveModels } = await import("../../serve/serve.js");
  const { modelSource } = await import("./sources.js");
  const to = output(options);
  const server = await serveModels({
    ...options,
    models: named.map((model) => modelSource(model, to)),
    token: options.token ?? process.env["LONGTAIL_TOKEN"],
    allowedHosts: options.allowHost,
    limits: {
      maxBytes: options.maxBody * MB,
      maxImages: options.maxImages,
      maxPixels: options.maxPixels * 1_000_000,
      maxPending: options.queue,
      timeout: options.timeout,
    },
    maxUploadBytes: options.maxMemory * MB,
    uploadTimeout: options.uploadTimeout,
    engine: { ...options, maxBatch: options.batch },
    onNews: (news) => sayNews(news, to),
    onError: (error) => process.stderr.write(`error: ${error.stack ?? error.message}\n`),
  });
  to.say(`serving at ${server.address} (docs: ./docs). Ctrl-C ends it.`);
  to.value({ address: server.address, token: server.token });
  await untilInterrupted(
    async (signal) => {
      await aborted(signal);
      await server.close(options.shutdownTimeout);
    },
    { endsWell },
  );
}

function sayNews(news: ModelNews, to: Output): void {
  if (news.kind === "loaded") to.say(`${news.model}: loaded in ${formatSeconds(news.seconds)}`);
  else
    process.stderr.write(
      `warning: ${news.model}: the changed file is not used, the model before it is: ${news.error}\n`,
    );
}
