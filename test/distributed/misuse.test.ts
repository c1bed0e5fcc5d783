/** What is wrong with several processes is said before they train. */
import { appendFileSync, cpSync, existsSync, symlinkSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { freePort } from "../../src/support/process.js";
import { toyFolder } from "../../src/training/toy-folder.fixture.js";
import { writeToyData } from "../../src/training/toy.fixture.js";
import { CUDA_LIBRARY } from "../../src/torch/cuda.js";
import { launch, longtail, training as trainingOf } from "../support/launched.js";
import { inRanks } from "../support/ranks.js";

const at = toyFolder("test");
const training = (out: string, ...more: string[]): string[] => trainingOf(at("data"), at(out), ...more);

describe("wrong use is named", () => {
  test.each([
    [["launch", "--nproc", "2", "--", "evaluate", "x"], /expected train and its arguments after --/],
    [launch(2, ["train", "x"], "--nnodes", "2"), /--master: expected HOST:PORT of the first machine/],
    [launch(2, ["train", "x"], "--node-rank", "1"), /--node-rank: expected a number below --nnodes, 1/],
    [launch(2, ["train", "x"], "--master", "gpu01"), /--master: expected HOST:PORT, found "gpu01"/],
    [launch(2, ["train", "x"], "--max-restarts", "1"), /--max-restarts: expected --out FOLDER/],
  ])("%j", async (args, message) => {
    const { code, stderr } = await longtail(args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  test("a batch smaller than the number of processes", async () => {
    const { code, stderr } = await longtail(launch(2, training("run", "--set", "data.batch=1")));
    expect(code).toBe(2);
    expect(stderr).toMatch(/data\.batch: expected an image for each of the 2 processes, found 1/);
  });

  test("a last batch smaller than the number of processes", async () => {
    const changes = ["data.batch=41", 'method.contrastive={"queue":64,"dimension":8}'].flatMap((change) => [
      "--set",
      change,
    ]);
    const selection = ["--set", 'selection={"kind":"last"}'];
    const { code, stderr } = await longtail(launch(2, training("run", ...changes, ...selection)));
    expect(code).toBe(2);
    expect(stderr).toMatch(/found 1 in an epoch's last one \(42 images in batches of 41\)/);
  });

  test("a GPU where there is none", async () => {
    const { code, stderr } = await longtail(launch(2, training("run", "--device", "cuda")));
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /^\[1\] error: rank 1: expected cuda:1, a GPU of its own .*, found cpu on this machine/m,
    );
    expect(stderr).toMatch(/^error: rank \d failed: expected cuda:\d, a GPU of its own/m);
  });

  test.skipIf(existsSync(CUDA_LIBRARY))("NCCL where it is not built (skipped where it is)", async () => {
    const reported = await inRanks<string>(
      2,
      `try { world.useNccl(); } catch (error) { report(error.constructor.name + ": " + error.message); }`,
    );
    for (const message of reported)
      expect(message).toMatch(
        /^UsageError: NCCL is not built: expected .*, found nothing\. Install the engine with CUDA/,
      );
  });
});

describe("processes that do not fit together", () => {
  const place = (rank: number, ranks: number, port: number): Record<string, string> => ({
    RANK: String(rank),
    LOCAL_RANK: String(rank),
    WORLD_SIZE: String(ranks),
    MASTER_ADDR: "127.0.0.1",
    MASTER_PORT: String(port),
  });

  test("a port in use", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, () => resolve()));
    const { port } = server.address() as AddressInfo;
    const { code, stderr } = await longtail(training("run"), { environment: place(0, 2, port) });
    server.close();
    expect(code).toBe(2);
    expect(stderr).toMatch(`port ${port} of 127.0.0.1 is in use: choose another`);
  });

  test("a network that is not there", async () => {
    const environment = { GLOO_SOCKET_IFNAME: "nothing0" };
    const { code, stderr } = await longtail(launch(2, training("run")), { environment });
    expect(code).toBe(2);
    expect(stderr).toMatch(/GLOO_SOCKET_IFNAME: expected a network of this machine .*lo.*, found "nothing0"/);
  });

  test("no master", async () => {
    const { code, stderr } = await longtail(training("run", "--timeout", "1"), {
      environment: place(1, 2, 1),
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/no answer from the master 127\.0\.0\.1:1 within 1 s .*Is rank 0 running/);
  });

  test("no such master", async () => {
    const environment = { ...place(1, 2, 29_500), MASTER_ADDR: "no-such-machine.invalid" };
    const { code, stderr } = await longtail(training("run", "--timeout", "1"), { environment });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /no answer from the master no-such-machine\.invalid:29500 within 1 s \(getaddrinfo /,
    );
  });

  test("one that does not come, and the first one's end meanwhile", async () => {
    const port = await freePort();
    const [first, second] = await Promise.all([
      longtail(training("run", "--timeout", "4"), { environment: place(0, 3, port) }),
      longtail(training("run", "--timeout", "60"), { environment: place(1, 3, port) }),
    ]);
    expect([first.code, second.code]).toEqual([1, 1]);
    expect(first.stderr).toMatch(/expected 3 processes; within 4 s these did not come: (rank 1, )?rank 2/);
    expect(second.stderr).toMatch(/^error: rank 0 ended before all processes had met: see its own error$/m);
  });

  test("another number of processes", async () => {
    const port = await freePort();
    const ends = await Promise.all([
      longtail(training("run", "--timeout", "20"), { environment: place(0, 3, port) }),
      longtail(training("run", "--timeout", "20"), { environment: place(1, 2, port) }),
    ]);
    for (const { code, stderr } of ends) {
      expect(code).toBe(2);
      expect(stderr).toMatch(/do not agree how many they are: 3 by rank 0, 2 by rank 1/);
    }
  });

  test("two of the same rank", async () => {
    const port = await freePort();
    const ends = await Promise.all(
      [0, 1, 1].map((rank) =>
        longtail(training("run", "--timeout", "20"), { environment: place(rank, 3, port) }),
      ),
    );
    const one = /process \d+ on \S+/.source;
    for (const { code, stderr } of ends) {
      expect(code).toBe(2);
      expect(stderr).toMatch(new RegExp(`rank 1 is asked for by ${one}, but is taken by ${one}: each needs`));
    }
  });

  test("another recipe, with both values", async () => {
    const port = await freePort();
    const ends = await Promise.all([
      longtail(training("run"), { environment: place(0, 2, port) }),
      longtail(training("run", "--set", "optimizer.lr=0.5"), { environment: place(1, 2, port) }),
    ]);
    for (const { code, stderr } of ends) {
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /rank 1 has another recipe than rank 0: expected optimizer\.lr to be .*, found 0\.5/,
      );
    }
  });

  test("other code, with both hashes", async () => {
    const port = await freePort();
    const root = join(import.meta.dirname, "../..");
    for (const name of ["bin", "dist", "package.json"])
      cpSync(join(root, name), join(at("clone"), name), { recursive: true });
    for (const name of ["native", "build", "node_modules", "recipes"])
      symlinkSync(join(root, name), join(at("clone"), name));
    appendFileSync(join(at("clone"), "dist/optim/sgd.js"), "// changed\n");
    const ends = await Promise.all([
      longtail(training("run", "--timeout", "20"), { environment: place(0, 2, port) }),
      longtail(training("run", "--timeout", "20"), {
        environment: place(1, 2, port),
        command: join(at("clone"), "bin/longtail.js"),
      }),
    ]);
    for (const { code, stderr } of ends) {
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /rank 1 runs other code than rank 0: expected longtail \S+ of code \w{64}, libtorch \S+, found longtail \S+ of code \w{64}/,
      );
    }
  });

  test("other data, with both hashes", async () => {
    const port = await freePort();
    writeToyData(at("other"), { ant: 24, bee: 12, cat: 7 });
    const other = training("run").map((arg) => (arg === at("data") ? at("other") : arg));
    const ends = await Promise.all([
      longtail(training("run"), { environment: place(0, 2, port) }),
      longtail(other, { environment: place(1, 2, port) }),
    ]);
    for (const { code, stderr } of ends) {
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /rank 1 has other data than rank 0: expected the train images of hash \w+.*, found \w+/,
      );
    }
  });
});
