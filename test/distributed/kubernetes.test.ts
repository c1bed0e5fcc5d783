/** examples/clusters/kubernetes.yaml, read as Kubernetes would: its parts fit together, and train understands it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { trainCommand } from "../../src/cli/train/command.js";
import { rankInfoFrom } from "../../src/distributed/rank-info.js";
import { loadRecipe } from "../../src/recipes/load.js";
import { freePort } from "../../src/support/process.js";
import { toyFolder } from "../../src/training/toy-folder.fixture.js";
import { longtail, training } from "../support/launched.js";

const file = join(import.meta.dirname, "../../examples/clusters/kubernetes.yaml");
const at = toyFolder("file");

interface Named {
  readonly name: string;
}
interface Service {
  readonly metadata: Named;
  readonly spec: { readonly clusterIP: string; readonly selector: Record<string, string> };
}
interface Container extends Named {
  readonly image: string;
  readonly command: string[];
  readonly args: string[];
  readonly env: (Named & { readonly value: string })[];
  readonly resources: { readonly limits: Record<string, number> };
  readonly volumeMounts: (Named & { readonly mountPath: string; readonly readOnly?: boolean })[];
}
interface Job {
  readonly metadata: Named;
  readonly spec: {
    readonly completionMode: string;
    readonly completions: number;
    readonly parallelism: number;
    readonly template: {
      readonly spec: {
        readonly subdomain: string;
        readonly containers: Container[];
        readonly volumes: Named[];
      };
    };
  };
}

const documents = parseAllDocuments(readFileSync(file, "utf8"));
const [service, job] = documents.map((document) => document.toJS() as unknown) as [Service, Job];
const { subdomain, containers, volumes } = job.spec.template.spec;
const [container] = containers as [Container];
const environment = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));

test("it is a headless service and an indexed job of one container", () => {
  expect(documents.flatMap(({ errors }) => errors)).toEqual([]);
  expect([service, job]).toMatchObject([
    { apiVersion: "v1", kind: "Service", spec: { clusterIP: "None" } },
    { apiVersion: "batch/v1", kind: "Job", spec: { completionMode: "Indexed" } },
  ]);
  expect(containers).toHaveLength(1);
  expect(container.image).toMatch(/^\S+:\S+$/);
});

test("each pod's index is its rank, and the master is the first pod by its name in the service", () => {
  const { completions, parallelism } = job.spec;
  expect(parallelism).toBe(completions); // they all have to run to meet
  for (let index = 0; index < completions; index += 1)
    expect(rankInfoFrom({ ...environment, JOB_COMPLETION_INDEX: String(index) })).toMatchObject({
      rank: index,
      worldSize: completions,
      localRank: 0,
      master: { host: `${job.metadata.name}-0.${service.metadata.name}`, port: 29_500 },
    });
  expect(subdomain).toBe(service.metadata.name);
  expect(service.spec.selector).toEqual({ "job-name": job.metadata.name }); // the label that a job gives its pods
});

test("without env PyTorchJob's operator says the same", () => {
  const operator = { PYTHONUNBUFFERED: "1", MASTER_ADDR: "longtail-master-0", MASTER_PORT: "23456" };
  const place = rankInfoFrom({ ...operator, WORLD_SIZE: "2", RANK: "1", PET_NNODES: "2" });
  expect(place).toMatchObject({ rank: 1, worldSize: 2, master: { host: "longtail-master-0", port: 23_456 } });
});

let options: Readonly<Record<"data" | "out" | "device" | "resume", unknown>>;
let recipe = "";
beforeAll(async () => {
  const [npx, program, name, ...args] = [...container.command, ...container.args];
  expect([npx, program, name]).toEqual(["npx", "longtail", "train"]);
  const command = trainCommand()
    .exitOverride()
    .action(() => undefined);
  await command.parseAsync(args, { from: "user" });
  [recipe = ""] = command.args;
  options = command.opts() as typeof options;
});

test("its command is one of train's, on a GPU, and goes on with a run that is there", async () => {
  await loadRecipe(recipe);
  expect(options).toMatchObject({ device: "cuda", resume: true });
  expect(container.resources.limits["nvidia.com/gpu"]).toBe(1);
});

test("data and runs lie on volumes, that of the runs can be written", () => {
  const mountOf = (path: unknown): Container["volumeMounts"][number] =>
    container.volumeMounts.find(({ mountPath }) => `${path as string}/`.startsWith(`${mountPath}/`))!;
  expect(mountOf(options.data)).toMatchObject({ name: "data", readOnly: true });
  expect(mountOf(options.out)).toMatchObject({ name: "runs" });
  expect(mountOf(options.out).readOnly ?? false).toBe(false);
  const names = (parts: readonly Named[]): string[] => parts.map(({ name }) => name).sort();
  expect(names(volumes)).toEqual(names(container.volumeMounts));
});

test("two processes with a pod's variables each train together", async () => {
  const here = { MASTER_ADDR: "127.0.0.1", MASTER_PORT: String(await freePort()) };
  const ends = await Promise.all(
    ["0", "1"].map((index) =>
      longtail(training(at("data"), at("run"), "--set", "epochs=1"), {
        environment: { ...environment, ...here, JOB_COMPLETION_INDEX: index },
      }),
    ),
  );
  for (const { code, stderr } of ends) expect(code, stderr).toBe(0);
  expect(ends[0]!.stdout).toContain("2 processes: a batch of 8 images (data.batch), 4 in each process\n");
  expect(ends[1]!.stdout).toBe("");
});
