/** evaluate --calibrate, --prior and --tau, and predict with what they leave, on a training of seconds. */
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { GroupAccuracy } from "../../evaluation/scores.js";
import { clearLine } from "../../support/terminal.js";
import { longtail, quick, smallPhotographs } from "../cli.fixture.js";

let photographs = "";
let run = "";
let image = "";
beforeAll(async () => {
  photographs = smallPhotographs();
  run = join(photographs, "run");
  const folder = join(photographs, "test/airplanes");
  image = join(folder, readdirSync(folder).sort()[0]!);
  const held = ["--set", "selection.kind=held-out", "--set", "selection.fraction=0.25"];
  const { stderr } = await longtail(
    ...["train", "caltech20-lt-ncl", "--data", photographs, "--out", run, "--threads", "1"],
    ...[...quick, "--set", "method.hardCategories=2", ...held],
  );
  expect(stderr).toBe("");
}, 120_000);
afterAll(() => {
  rmSync(photographs, { recursive: true, force: true });
});

async function evaluated(...options: string[]): Promise<Record<string, unknown>> {
  const { stdout, stderr } = await longtail("evaluate", run, ...options, "--threads", "1", "--json");
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout) as Record<string, unknown>;
}

async function refused(...options: string[]): Promise<string> {
  const { code, stderr } = await longtail("evaluate", run, ...options);
  return `${code} ${stderr.replaceAll(photographs, "DIR")}`;
}

test("a terminal shows how far it is, and the line is gone before the result", async () => {
  const { isTTY } = process.stderr;
  process.stderr.isTTY = true;
  try {
    const { stdout, stderr } = await longtail("evaluate", run, "--split", "train", "--threads", "1");
    expect(stdout).toContain("33 train images");
    expect(stderr).toMatch(/\d+ % {2}\d+ of 33 train images/);
    expect(stderr.endsWith(clearLine)).toBe(true);
  } finally {
    process.stderr.isTTY = isTTY;
  }
});

describe("other data", () => {
  test("a folder of test images alone, or of some of the classes, is matched by name; an unknown class is named", async () => {
    const other = mkdtempSync(join(tmpdir(), "longtail-other-"));
    onTestFinished(() => rmSync(other, { recursive: true }));
    cpSync(join(photographs, "test"), join(other, "test"), { recursive: true });
    expect((await evaluated("--data", other))["ensemble"]).toEqual((await evaluated())["ensemble"]);
    const classes = readdirSync(join(other, "test"));
    rmSync(join(other, "test", classes[0]!), { recursive: true });
    expect(await evaluated("--data", join(other, "test"))).toMatchObject({
      confusion: expect.anything() as object,
    });
    cpSync(join(other, "test", classes[1]!), join(other, "test/unicorn"), { recursive: true });
    expect(await refused("--data", other)).toContain('class "unicorn" is none of the');
  });
});

describe("predict", () => {
  test("takes folders, patterns and lists, and answers for the others of an image that cannot be read", async () => {
    const folder = join(photographs, "test/airplanes");
    const count = readdirSync(folder).length;
    const json = async (...args: string[]): Promise<Record<string, unknown>[]> => {
      const { stdout } = await longtail("predict", run, ...args, "--json", "--threads", "1");
      return stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    };
    expect(await json(folder)).toHaveLength(count);
    expect(await json(join(photographs, "test/air*/*.jpg"))).toHaveLength(count);
    const bad = join(photographs, "bad.jpg");
    writeFileSync(bad, "<html>");
    const list = join(photographs, "list.txt");
    writeFileSync(list, `${image}\n\n${bad}\n`);
    const { code, stdout, stderr } = await longtail("predict", run, "--from-file", list, "--json");
    expect(code).toBe(1);
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.find((line) => line["image"] === image)).toHaveProperty("predictions");
    expect(lines.find((line) => line["image"] === bad)?.["error"]).toContain("found an HTML page");
    expect(stderr).toContain("1 of 2 images cannot be read");
    expect((await longtail("predict", run, "https://example.com/a.jpg")).stderr).toContain("found a URL");
    expect((await longtail("predict", run, join(photographs, "nothing/*.jpg"))).stderr).toContain(
      "expected images, found none",
    );
  });
});

describe("--calibrate", () => {
  test("tells what a temperature does, and predict uses it", async () => {
    const plain = await longtail("predict", run, image, "--json");
    expect(JSON.parse(plain.stdout)).toMatchObject({ calibrated: false });
    const { stdout } = await longtail("evaluate", run, "--calibrate", "--threads", "1");
    expect(stdout).toMatch(/calibration +images +accuracy, % +ECE, % +MCE, % +NLL, nats +Brier\nall +12 /);
    expect(stdout).toMatch(/temperature \d+\.\d\d, fitted on 9 held-out images; kept in .*calibration\.json/);
    const kept = JSON.parse(readFileSync(join(run, "calibration.json"), "utf8")) as object;
    expect(kept).toMatchObject({ version: 1, fittedOn: "held-out", temperature: { kind: "global" } });

    const calibrated = await longtail("predict", run, image);
    expect(calibrated.stdout).toMatch(/^calibrated probabilities: temperature .* on 9 held-out images\n/);
    const values = await longtail("predict", run, image, "--json");
    expect(JSON.parse(values.stdout)).toMatchObject({ calibrated: true });
    const without = await longtail("predict", run, image, "--uncalibrated", "--json");
    expect(without.stdout).toBe(plain.stdout);
    expect(values.stdout).not.toBe(plain.stdout);
  });

  test("of the experts; a checkpoint by itself keeps nothing; other weights' is told and not used", async () => {
    const before = readFileSync(join(run, "calibration.json"), "utf8");
    const checkpoint = join(run, "checkpoints/best.safetensors");
    const { stdout } = await longtail("evaluate", checkpoint, "--calibrate", "expert", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      calibration: {
        file: null,
        images: 9,
        temperature: { kind: "expert" },
        before: { all: { images: 12 } },
      },
    });
    expect(readFileSync(join(run, "calibration.json"), "utf8")).toBe(before);
    writeFileSync(join(run, "calibration.json"), before.replace(/"epoch": \d+/, '"epoch": 99'));
    const stale = await longtail("predict", run, image);
    expect(stale.stdout).toContain("calibration.json is for other weights (epoch 99)");
    rmSync(join(run, "calibration.json"));
  });
});

describe("--prior", () => {
  test("the adjusted answers, on the images as they are and weighted", async () => {
    const { ensemble, prior } = (await evaluated("--prior", "uniform")) as {
      ensemble: GroupAccuracy;
      prior: { adjusted: { ensemble: GroupAccuracy }; weighted: Record<string, GroupAccuracy> };
    };
    // NCL's logits stand for classes of equal size already, and there are equally many test images of each.
    expect(prior.adjusted.ensemble).toEqual(ensemble);
    expect(prior.weighted["adjusted"]!.all).toBeCloseTo(ensemble.all, 9);
  });

  test("a file's weights, together with --calibrate", async () => {
    const file = join(photographs, "weights.json");
    writeFileSync(file, JSON.stringify({ airplanes: 1e-6, helicopter: 1e-6, scorpion: 1 }));
    const { stdout } = await longtail("evaluate", run, "--prior", file, "--calibrate", "--threads", "1");
    expect(stdout).toContain(`ncl logits stand for classes of equal size; adjusted to ${file}`);
    expect(stdout).toMatch(/adjusted, on the images as they are +33\.3/); // scorpion for everything
    expect(stdout).toMatch(/adjusted, classes weighted to .* +100\.0/);
    expect(stdout).toContain("on the images as they are (no class is weighted):\ncalibration");
    rmSync(join(run, "calibration.json"));
  });
});

test("--tau: a line for each; none changes nothing", async () => {
  const { ensemble, tau } = await evaluated("--tau", "0,1");
  expect(tau).toMatchObject([{ tau: 0, ensemble }, { tau: 1 }]);
  const { stdout } = await longtail("evaluate", run, "--tau", "0.5", "--threads", "1");
  expect(stdout).toMatch(/tau-normalized, accuracy, % +all +many +medium +few\ntau 0\.5 /);
});

test("what does not go is said", async () => {
  expect({
    target: await refused("--prior", "unifrom"),
    kind: await refused("--calibrate", "groups"),
    numbers: await refused("--tau", "0.5,x"),
    together: await refused("--tau", "1", "--prior", "train"),
  }).toMatchInlineSnapshot(`
    {
      "kind": "2 error: option '--calibrate [kind]' argument 'groups' is invalid. Allowed choices are global, group, expert.
    (--help shows the usage)
    ",
      "numbers": "2 error: option '--tau <list>' argument '0.5,x' is invalid. Expected numbers >= 0, such as 0.7 or 0.5,1.
    (--help shows the usage)
    ",
      "target": "2 error: prior unifrom: expected uniform, train, reversed or a JSON or CSV file of a weight for each class, found none of that name. Did you mean uniform?
    ",
      "together": "2 error: option '--tau <list>' cannot be used with option '--prior <target>'
    (--help shows the usage)
    ",
    }
  `);
  expect(existsSync(join(run, "calibration.json"))).toBe(false);
});
