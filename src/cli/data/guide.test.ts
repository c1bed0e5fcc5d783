import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { longtail } from "../cli.fixture.js";
import { createProgram } from "../program.js";
import { type Guide, stepStates } from "../../dataset-tools/guides/guide.js";
import { imagenetGuide } from "../../dataset-tools/guides/imagenet-lt.js";
import { guides, inat18Guide } from "../../dataset-tools/guides/registry.js";
import { shellQuoted } from "../../support/text.js";

let root = "";
beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), "longtail-guide-")), "my dear's data");
  mkdirSync(root);
});
afterEach(() => {
  rmSync(join(root, ".."), { recursive: true, force: true });
});

function shell(...commands: string[]): string {
  return execFileSync("sh", ["-e", "-c", commands.join("\n")], { encoding: "utf8", stdio: "pipe" });
}

/** The commands of the step that makes `path`. */
function commandsFor(guide: Guide, path: string): string[] {
  const step = guide.steps(root).find(({ makes }) => makes.some((made) => made.path === path));
  return [...(step?.commands ?? [])];
}

describe("every guide", () => {
  it.each(guides.map((guide) => [guide.name, guide] as const))(
    "%s: its longtail commands exist",
    (_, guide) => {
      const commands = guide.steps("data").flatMap((step) => step.commands);
      const own = commands.filter((command) => command.startsWith("longtail "));
      expect(own.length).toBeGreaterThan(1);
      for (const command of own) {
        const [, first, second] = command.split(" ");
        const known = createProgram().commands.find((made) => made.name() === first);
        expect(known, command).toBeDefined();
        if (first === "data")
          expect(
            known?.commands.map((made) => made.name()),
            command,
          ).toContain(second);
      }
    },
  );
});

describe("the commands do what they say", () => {
  it("ImageNet: an archive of archives; validation images into the folders of the list", () => {
    const q = shellQuoted(root);
    shell(
      `cd ${q} && mkdir c && echo 1 > c/n15075141_1.JPEG && tar -cf n15075141.tar -C c n15075141_1.JPEG`,
      `tar -cf ILSVRC2012_img_train.tar n15075141.tar && rm n15075141.tar`,
      "echo 2 > ILSVRC2012_val_7.JPEG && tar -cf ILSVRC2012_img_val.tar ILSVRC2012_val_7.JPEG",
    );
    writeFileSync(join(root, "ImageNet_LT_test.txt"), "val/n15075141/ILSVRC2012_val_7.JPEG 999\n");
    for (const folder of ["train", "val"]) shell(...commandsFor(imagenetGuide, `${folder}/n15075141`));
    expect(readFileSync(join(root, "train/n15075141/n15075141_1.JPEG"), "utf8")).toBe("1\n");
    expect(readFileSync(join(root, "val/n15075141/ILSVRC2012_val_7.JPEG"), "utf8")).toBe("2\n");
    const done = stepStates(imagenetGuide, root).map((step) => step.done);
    expect(done).toEqual([true, false, true, true, false, false]);
  });

  it("iNaturalist: a checksum that is wrong ends before unpacking", () => {
    const [, unpack = ""] = commandsFor(inat18Guide, "val2018.json");
    const archive = join(root, "val2018.json.tar.gz");
    shell(
      `cd ${shellQuoted(root)} && echo {} > val2018.json && tar -czf val2018.json.tar.gz val2018.json && rm val2018.json`,
    );
    expect(() => shell(unpack)).toThrow("did NOT match");
    expect(existsSync(join(root, "val2018.json"))).toBe(false);
    const md5 = createHash("md5").update(readFileSync(archive)).digest("hex");
    shell(unpack.replace("f2ed8bfe3e9901cdefceb4e53cd3775d", md5));
    expect(readFileSync(join(root, "val2018.json"), "utf8")).toBe("{}\n");
  });
});

describe("longtail data guide", () => {
  it("lists the guides", async () => {
    const { stdout } = await longtail("data", "guide");
    expect(stdout.split("\n").map((line) => line.split(" ")[0])).toEqual([
      ...["cifar10-lt", "cifar100-lt", "imagenet-lt", "inat18", "places-lt", ""],
    ]);
  });

  it("says what is done, and what a list should hold", async () => {
    mkdirSync(join(root, "train/airfield"), { recursive: true });
    mkdirSync(join(root, "val/airfield"), { recursive: true });
    writeFileSync(join(root, "Places_LT_train.txt"), "train/airfield/1.jpg 0\n".repeat(3));
    const { stdout } = await longtail("data", "guide", "places-lt", "--root", root);
    expect(stdout).toContain("1. (done) Download and unpack Places365-Standard");
    expect(stdout).toContain(`${join(root, "Places_LT_train.txt")}: expected 62500 lines, found 3\n`);
    expect(stdout).toContain(`${join(root, "Places_LT_test.txt")}: not there\n`);
    const { stdout: json } = await longtail("data", "guide", "places-lt", "--root", root, "--json");
    expect(JSON.parse(json)).toMatchObject({
      name: "places-lt",
      root,
      steps: [{ done: true }, { done: false }, {}, {}, {}],
    });
  });

  it("an unknown name", async () => {
    const { code, stderr } = await longtail("data", "guide", "imagnet-lt");
    expect({ code, stderr }).toMatchObject({ code: 2 });
    expect(stderr).toContain("did you mean imagenet-lt?");
  });
});
