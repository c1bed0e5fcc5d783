/** An MLflow server of a few lines, for tests: it keeps what it is told, and fails when it is asked to. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

interface FakeRun {
  status: string;
  readonly params: Map<string, string>;
  readonly tags: { key: string; value: string }[];
  readonly metrics: { key: string; value: number; timestamp: number; step: number }[];
  readonly artifacts: string[];
}

interface Body {
  name?: string;
  run_id?: string;
  status?: string;
  tags?: FakeRun["tags"];
  params?: { key: string; value: string }[];
  metrics?: FakeRun["metrics"];
}

/** What it does instead of answering: an HTTP status, or nothing at all (null). */
type Trouble = { readonly status: number | null } | null;

export class FakeMlflow {
  readonly runs = new Map<string, FakeRun>();
  readonly experiments: string[] = [];
  readonly authorizations = new Set<string | undefined>();
  trouble: Trouble = null;
  requests = 0;
  /** Requests that it answers before it is in trouble. */
  failAfter = Infinity;
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      this.requests += 1;
      this.authorizations.add(request.headers.authorization);
      if (this.trouble?.status === null) return;
      const url = new URL(request.url!, "http://fake");
      const failing = this.trouble?.status ?? (this.requests > this.failAfter ? 503 : null);
      const [status, answer] = failing
        ? [failing, { message: "in trouble" }]
        : this.#answer(url, Buffer.concat(chunks));
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  });

  async listen(port = 0): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(port, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(url: URL, content: Buffer): [number, unknown] {
    const artifact = /^\/api\/2\.0\/mlflow-artifacts\/artifacts\/(run-\d+)\/(.+)$/.exec(url.pathname);
    if (artifact) {
      this.runs.get(artifact[1]!)!.artifacts.push(artifact[2]!);
      return [200, {}];
    }
    const body = (content.length === 0 ? {} : JSON.parse(content.toString())) as Body;
    switch (url.pathname.replace("/api/2.0/mlflow/", "")) {
      case "experiments/get-by-name":
        return this.experiments.includes(url.searchParams.get("experiment_name")!)
          ? [200, { experiment: { experiment_id: "7" } }]
          : [404, { message: "no such experiment" }];
      case "experiments/create":
        this.experiments.push(body.name!);
        return [200, { experiment_id: "7" }];
      case "runs/create":
        return [200, this.#create(body)];
      case "runs/get":
        return [200, this.#describe(url.searchParams.get("run_id")!)];
      case "runs/update":
        this.runs.get(body.run_id!)!.status = body.status!;
        return [200, {}];
      case "runs/log-batch":
        return this.#log(body);
      default:
        return [404, { message: `unknown ${url.pathname}` }];
    }
  }

  #create({ tags = [] }: Body): unknown {
    const id = `run-${this.runs.size + 1}`;
    this.runs.set(id, { status: "RUNNING", params: new Map(), tags, metrics: [], artifacts: [] });
    return this.#describe(id);
  }

  /** As MLflow does: of each metric the latest. */
  #describe(id: string): unknown {
    const { metrics, params } = this.runs.get(id)!;
    const latest = new Map(metrics.map((metric) => [metric.key, metric]));
    const info = { run_id: id, artifact_uri: `mlflow-artifacts:/${id}` };
    return {
      run: {
        info,
        data: {
          metrics: [...latest.values()],
          params: Array.from(params, ([key, value]) => ({ key, value })),
        },
      },
    };
  }

  #log({ run_id: id, params = [], metrics = [] }: Body): [number, unknown] {
    const run = this.runs.get(id!)!;
    if (params.length > 100 || metrics.length > 1000) return [400, { message: "too many" }];
    for (const { key, value } of params) run.params.set(key, value);
    run.metrics.push(...metrics);
    return [200, {}];
  }
}
