/** What is wrong with several processes is said before they train. */
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { toyFolder } from "../../src/training/toy-folder.fixture.js";
import { writeToyData } from "../../src/training/toy.fixture.js";
import { launch, longtail, training as trainingOf } from "../support/launched.js";

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
    expect(stderr).toMatch(/an epoch's last one would have 1 \(42 images in batches of 41\)/);
  });

  test("a GPU where there is none", async () => {
    const { code, stderr } = await longtail(launch(2, training("run", "--device", "cuda")));
    expect(code).toBe(2);
    expect(stderr).toMatch(/rank \d: expected cuda:\d, a GPU of its own .*, found cpu on this machine/);
  });

  test("a port in use", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, () => resolve()));
    const { port } = server.address() as AddressInfo;
    const master = `127.0.0.1:${port}`;
    const { code, stderr } = await longtail(launch(2, training("run", "--timeout", "3"), "--master", master));
    server.close();
    expect(code).toBe(2);
    expect(stderr).toMatch(`port ${port} of 127.0.0.1 is in use: choose another`);
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

  test("no master", async () => {
    const { code, stderr } = await longtail(training("run", "--timeout", "1"), {
      environment: place(1, 2, 1),
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/no answer from the master 127\.0\.0\.1:1 within 1 s .*Is rank 0 running/);
  });

  test("one that does not come", async () => {
    const { code, stderr } = await longtail(training("run", "--timeout", "1"), {
      environment: place(0, 3, 29_871),
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/expected 3 processes; within 1 s these did not come: rank 1, rank 2/);
  });

  test("another number of processes", async () => {
    const ends = await Promise.all([
      longtail(training("run", "--timeout", "20"), { environment: place(0, 3, 29_872) }),
      longtail(training("run", "--timeout", "20"), { environment: place(1, 2, 29_872) }),
    ]);
    for (const { code, stderr } of ends) {
      expect(code).toBe(2);
      expect(stderr).toMatch(/do not agree how many they are: 3 by rank 0, 2 by rank 1/);
    }
  });

  test("another recipe, with both values", async () => {
    const ends = await Promise.all([
      longtail(training("run"), { environment: place(0, 2, 29_873) }),
      longtail(training("run", "--set", "optimizer.lr=0.5"), { environment: place(1, 2, 29_873) }),
    ]);
    for (const { code, stderr } of ends) {
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /rank 1 has another recipe than rank 0: expected optimizer\.lr to be .*, found 0\.5/,
      );
    }
  });

  test("other data, with both hashes", async () => {
    writeToyData(at("other"), { ant: 24, bee: 12, cat: 7 });
    const other = training("run").map((arg) => (arg === at("data") ? at("other") : arg));
    const ends = await Promise.all([
      longtail(training("run"), { environment: place(0, 2, 29_874) }),
      longtail(other, { environment: place(1, 2, 29_874) }),
    ]);
    for (const { code, stderr } of ends) {
      expect(code).toBe(2);
      expect(stderr).toMatch(
        /rank 1 has other data than rank 0: expected the train images of hash \w+.*, found \w+/,
      );
    }
  });
});
