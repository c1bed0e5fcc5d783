/** examples/deployment and examples/clusters/kubernetes-serve.yaml: their parts fit together, and serve understands them. */
import { execFile, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { serveCommand } from "../src/cli/serve/command.js";
import { DataError } from "../src/support/errors.js";
import { serveToys, ToyEngine } from "../src/serve/serve.fixture.js";
import { temporaryFolder } from "../src/training/toy.fixture.js";

const root = join(import.meta.dirname, "..");
const example = (path: string): string => join(root, "examples", path);
const text = (path: string): string => readFileSync(example(path), "utf8");

/** Whether serve has every flag of a command line that begins after "serve". */
function expectFlags(args: readonly string[]): void {
  const known = serveCommand().options.map(({ long }) => long);
  for (const arg of args) if (arg.startsWith("--")) expect(known, arg).toContain(arg);
}

interface Deployment {
  readonly spec: {
    readonly selector: { readonly matchLabels: Record<string, string> };
    readonly template: {
      readonly metadata: { readonly labels: Record<string, string> };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: [
          {
            readonly args: string[];
            readonly ports: { readonly name: string; readonly containerPort: number }[];
            readonly readinessProbe: { readonly httpGet: { readonly path: string; readonly port: string } };
            readonly volumeMounts: { readonly name: string; readonly mountPath: string }[];
          },
        ];
        readonly volumes: { readonly name: string }[];
      };
    };
  };
}

test("Kubernetes: the service finds the pods, the probe the port, the flags are serve's, the grace is long enough", () => {
  const documents = parseAllDocuments(text("clusters/kubernetes-serve.yaml"));
  expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
  const [service, deployment] = documents.map((one) => one.toJS() as unknown) as [
    { readonly metadata: { readonly name: string }; readonly spec: { readonly selector: object } },
    Deployment,
  ];
  const { selector, template } = deployment.spec;
  expect(template.metadata.labels).toEqual(selector.matchLabels);
  expect(service.spec.selector).toEqual(selector.matchLabels);
  const { containers, volumes, terminationGracePeriodSeconds } = template.spec;
  const [{ args, ports, readinessProbe, volumeMounts }] = containers;
  expectFlags(args);
  expect(args[args.indexOf("--allow-host") + 1]).toBe(service.metadata.name);
  expect(Number(args[args.indexOf("--shutdown-timeout") + 1]) + 10).toBeLessThan(
    terminationGracePeriodSeconds,
  );
  expect(readinessProbe.httpGet).toEqual({ path: "/healthz", port: ports[0]!.name });
  expect(volumeMounts.map(({ name }) => name).sort()).toEqual(volumes.map(({ name }) => name).sort());
  expect(args[0]!.startsWith(volumeMounts[0]!.mountPath)).toBe(true);
  expect(text("deployment/Dockerfile")).toContain(`"--port", "${ports[0]!.containerPort}"`);
});

test("Docker: no target runs as root, serve is checked by /healthz, its flags are serve's", () => {
  const dockerfile = text("deployment/Dockerfile");
  const targets = dockerfile.split(/^FROM /m).slice(1);
  expect(targets.map((target) => /^\S+ AS (\w+)/.exec(target)?.[1])).toEqual(["package", "serve", "train"]);
  const [, serve, train] = targets as [string, string, string];
  for (const target of [serve, train]) expect(/^USER (.*)$/m.exec(target)?.[1]).toBe("node");
  expect(serve).toMatch(/HEALTHCHECK [^]*\/healthz/);
  const entry = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(serve)![1]!) as string[];
  expectFlags(entry.slice(entry.indexOf("serve")));
});

const analyze = spawnSync("systemd-analyze", ["--version"]).error === undefined;

test("systemd: the flags are serve's, SIGTERM has the time it needs", () => {
  const unit = text("deployment/longtail-serve.service");
  const [, command] = /^ExecStart=(.*)$/m.exec(unit)!;
  expectFlags(command!.split(" "));
  const [, stop] = /^TimeoutStopSec=(\d+)$/m.exec(unit)!;
  expect(Number(stop)).toBeGreaterThan(Number(/--shutdown-timeout (\d+)/.exec(command!)![1]));
});

test.skipIf(!analyze)("systemd finds nothing wrong with the unit", () => {
  using temporary = temporaryFolder();
  const path = join(temporary.path, "longtail-serve.service");
  // The program that it starts is not installed here.
  writeFileSync(
    path,
    text("deployment/longtail-serve.service").replace(
      "ExecStart=/usr/bin/node",
      `ExecStart=${process.execPath}`,
    ),
  );
  const { stderr } = spawnSync("systemd-analyze", ["verify", path], { encoding: "utf8" });
  expect(stderr.split("\n").filter((line) => line.includes("longtail-serve.service"))).toEqual([]);
});

const python = spawnSync("python3", ["--version"]).error === undefined;

test.skipIf(!python)(
  "Python's client prints classes, waits when it is asked to, and says what is refused",
  async () => {
    using temporary = temporaryFolder();
    const [good, bad] = [join(temporary.path, "good.jpg"), join(temporary.path, "bad.jpg")];
    writeFileSync(good, "\u0001");
    writeFileSync(bad, "bad");
    let tries = 0;
    const engine = new ToyEngine();
    const predict = engine.predict.bind(engine);
    engine.predict = (image, options) => {
      if (image.length === 3) throw new DataError("expected an image");
      tries += 1;
      return predict(image, options);
    };
    engine.pending = 16; // as many as may wait
    const server = await serveToys({ open: () => Promise.resolve(engine), token: "a token of the test" });
    onTestFinished(() => server.close(5));
    setTimeout(() => (engine.pending = 0), 1000);
    const env = { ...process.env, LONGTAIL_TOKEN: "a token of the test" };
    const outcome = await promisify(execFile)(
      "python3",
      [example("deployment/client.py"), server.base, good, bad],
      { env },
    ).then(
      () => null,
      (error: unknown) => error as { code: number; stdout: string; stderr: string },
    );
    expect(outcome).toMatchObject({
      code: 1,
      stdout: `${good}\n  bee 0.700\n  cat 0.200\n  ant 0.100\n`,
      stderr: `${bad}: 422: {"error":"expected an image"}\n`,
    });
    expect(tries).toBe(1);
  },
);
