/** The examples of the library, as they lie in examples/library, on the built package. */
import { execFile, spawn } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { smallPhotographs } from "../src/cli/cli.fixture.js";

const example = (name: string): string => join(import.meta.dirname, "../examples/library", name);
let photographs = "";
let run = "";
beforeAll(() => {
  photographs = smallPhotographs();
  run = join(photographs, "run");
});
afterAll(() => {
  rmSync(photographs, { recursive: true, force: true });
});

test("train-and-predict.js trains, loads and predicts a Buffer", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [
    example("train-and-predict.js"),
    photographs,
    run,
  ]);
  expect(stdout).toMatch(
    /^accuracy: \d+\.\d %\na photograph of airplanes:\n( {2}(airplanes|helicopter|scorpion): [01]\.\d{3}\n){3}$/,
  );
});

test("service.js answers a photograph with its classes, and a broken one with what is wrong", async () => {
  const service = spawn(process.execPath, [example("service.js"), run, "0"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => service.on("exit", resolve));
  try {
    const address = await new Promise<string>((resolve) =>
      service.stdout.once("data", (text: Buffer) => resolve(text.toString().trim())),
    );
    const folder = join(photographs, "test/scorpion");
    const photograph = readFileSync(join(folder, readdirSync(folder)[0]!));
    const post = async (body: Buffer, query = ""): Promise<[number, unknown]> => {
      const answer = await fetch(`${address}/predict${query}`, {
        method: "POST",
        body: new Uint8Array(body),
      });
      return [answer.status, await answer.json()];
    };
    const [status, found] = await post(photograph, "?top=2");
    expect(status).toBe(200);
    expect(found).toMatchObject({
      predictions: [{ index: expect.any(Number) as number }, {}],
      calibrated: false,
    });
    expect({
      classes: await (await fetch(address)).json(),
      broken: await post(photograph.subarray(0, 100)),
      top: await post(photograph, "?top=none"),
    }).toMatchInlineSnapshot(`
      {
        "broken": [
          400,
          {
            "error": "image 0: cannot be decoded, the file is damaged or truncated (Premature end of JPEG file)",
          },
        ],
        "classes": {
          "classes": [
            "airplanes",
            "helicopter",
            "scorpion",
          ],
        },
        "top": [
          400,
          {
            "error": "top: expected a whole number >= 1, found NaN.",
          },
        ],
      }
    `);
  } finally {
    service.kill();
  }
  expect(await ended).toBe(0);
});
