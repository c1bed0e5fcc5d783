import {
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { jpeg, temporaryFolder, writeFiles } from "../../data/testing.fixture.js";
import { annotateFolder } from "./from-folder.js";
import { convertList } from "./list-to-json.js";
import { convertToFolder, type FolderConversion } from "./to-folder.js";

let root = "";
let folder: ReturnType<typeof temporaryFolder>;
beforeEach(() => {
  folder = temporaryFolder();
  root = folder.path;
});
afterEach(() => folder[Symbol.dispose]());

/** Fields that no format knows, numbers that JavaScript would change. */
const unknown = '"score": 1.0, "id64": 12345678901234567890, "nested": {"fpath": "/stays"}';
const json = `{
  "info": {"version": 2.50},
  "annotations": [
    {"image_id": 7, "fpath": "photos/a/1.jpg", "category_id": 1, ${unknown}},
    {"image_id": 9, "fpath": "photos/b/1.jpg", "category_id": 1},
    {"image_id": 3, "fpath": "photos/c/x.png", "category_id": 0}
  ],
  "num_classes": 3
}`;

function writePhotographs(): string {
  writeFiles(root, {
    ...{ "photos/a/1.jpg": jpeg(), "photos/b/1.jpg": "another", "photos/c/x.png": "a third" },
    "in.json": json,
  });
  return join(root, "in.json");
}

function toFolder(options: Partial<FolderConversion> = {}): ReturnType<typeof convertToFolder> {
  return convertToFolder({
    ...{ file: join(root, "in.json"), out: join(root, "out"), split: "train", root: null, classNames: null },
    ...{ link: "copy", force: false, onProgress: () => undefined },
    ...options,
  });
}

function fromFolder(
  options: Partial<Parameters<typeof annotateFolder>[0]> = {},
): ReturnType<typeof annotateFolder> {
  const out = join(root, "back.json");
  return annotateFolder({
    root: join(root, "out"),
    split: "train",
    out,
    prefix: "",
    force: false,
    ...options,
  });
}

const read = (name: string): string => readFileSync(join(root, name), "utf8");
const parsed = (name: string): Record<string, unknown> => JSON.parse(read(name)) as Record<string, unknown>;

describe("annotation JSON to a folder", () => {
  it("copies each image into its class's folder; images of one name get numbers", async () => {
    writePhotographs();
    const { counts } = await toFolder();
    expect(counts).toEqual([1, 2, 0]);
    const files = readdirSync(join(root, "out"), { recursive: true }).map(String).sort();
    expect(files).toEqual([
      "train",
      "train.json",
      "train/0",
      "train/0/x.png",
      "train/1",
      "train/1/1-2.jpg",
      "train/1/1.jpg",
    ]);
    expect(readFileSync(join(root, "out/train/1/1.jpg"))).toEqual(Buffer.from(jpeg()));
    expect(read("out/train/1/1-2.jpg")).toBe("another");
  });

  it("and its JSON keeps every other byte of the annotations", async () => {
    writePhotographs();
    await toFolder();
    expect(read("out/train.json")).toBe(
      `{"annotations": [
{"image_id": 7, "fpath": "train/1/1.jpg", "category_id": 1, ${unknown}},
{"image_id": 9, "fpath": "train/1/1-2.jpg", "category_id": 1},
{"image_id": 3, "fpath": "train/0/x.png", "category_id": 0}
],
"num_classes": 3,
"info": {"version": 2.50}}
`,
    );
  });

  it("links on demand", async () => {
    writePhotographs();
    await toFolder({ link: "symbolic" });
    expect(lstatSync(join(root, "out/train/0/x.png")).isSymbolicLink()).toBe(true);
    await toFolder({ link: "hard", force: true });
    expect(lstatSync(join(root, "out/train/0/x.png")).ino).toBe(lstatSync(join(root, "photos/c/x.png")).ino);
    expect(read("out/train/0/x.png")).toBe("a third");
  });

  it("takes another root, and names of classes", async () => {
    writePhotographs();
    mkdirSync(join(root, "elsewhere"));
    renameSync(join(root, "photos"), join(root, "elsewhere/photos"));
    writeFileSync(join(root, "names.txt"), "cat\ndog\na/b\n");
    await toFolder({ root: join(root, "elsewhere"), classNames: join(root, "names.txt") });
    expect(readdirSync(join(root, "out/train")).sort()).toEqual(["cat", "dog"]);
  });

  it("a missing image names the annotation; nothing is left", async () => {
    const file = writePhotographs();
    rmSync(join(root, "photos/b/1.jpg"));
    await expect(toFolder()).rejects.toThrow(
      `${file}, annotation 1: no file ${join(root, "photos/b/1.jpg")}.`,
    );
    expect(readdirSync(join(root, "out"))).toEqual([]);
  });

  it("an output that is there is refused", async () => {
    writePhotographs();
    await toFolder();
    await expect(toFolder()).rejects.toThrow("train is there already");
    rmSync(join(root, "out/train"), { recursive: true });
    await expect(toFolder()).rejects.toThrow("train.json is there already");
  });

  it("an interruption leaves nothing", async () => {
    const list = Array.from(
      { length: 70 },
      (_, i) => `{"fpath": "a.jpg", "image_id": ${i}, "category_id": 0}`,
    );
    writeFiles(root, { "a.jpg": "a", "in.json": `{"annotations": [${list.join()}], "num_classes": 1}` });
    const onProgress = (): never => {
      throw new Error("interrupted");
    };
    await expect(toFolder({ onProgress })).rejects.toThrow("interrupted");
    expect(readdirSync(join(root, "out"))).toEqual([]);
  });
});

describe("a folder to annotation JSON", () => {
  it("gives back what the JSON said, after a round trip", async () => {
    writePhotographs();
    await toFolder();
    expect(fromFolder()).toEqual({ images: 3, classes: 3, known: 3 });
    const sorted = (name: string): string[] => read(name).split(/,?\n/).sort();
    expect(sorted("back.json")).toEqual(sorted("out/train.json"));
  });

  it("numbers of classes stay, new images and folders get new ones", async () => {
    writePhotographs();
    await toFolder();
    writeFiles(root, { "out/train/1/new.jpg": "new", "out/train/00/other.jpg": "other" });
    expect(fromFolder({ prefix: "/data" })).toEqual({ images: 5, classes: 4, known: 3 });
    const { annotations } = parsed("back.json") as { annotations: unknown[] };
    expect(annotations).toContainEqual({ image_id: 11, fpath: "/data/train/1/new.jpg", category_id: 1 });
    expect(annotations).toContainEqual({ image_id: 10, fpath: "/data/train/00/other.jpg", category_id: 3 });
  });

  it("without a JSON beside it numbers the folders in order, and names them", () => {
    writeFiles(root, { "out/train/cat/1.jpg": "", "out/train/dog/1.jpg": "", "out/test/dog/9.jpg": "" });
    fromFolder({ split: "test" });
    expect(parsed("back.json")).toEqual({
      annotations: [{ image_id: 0, fpath: "test/dog/9.jpg", category_id: 1 }],
      num_classes: 2,
      categories: [
        { id: 0, name: "cat" },
        { id: 1, name: "dog" },
      ],
    });
  });

  it("two classes in one folder are an error", () => {
    writeFiles(root, {
      "out/train/a/1.jpg": "",
      "out/train.json":
        '{"annotations": [{"fpath":"train/a/1.jpg","category_id":0},{"fpath":"x/a/2.jpg","category_id":1}],"num_classes":2}',
    });
    expect(() => fromFolder()).toThrow(
      "train.json, annotation 1: expected one class in folder a, found 0 and 1.",
    );
    expect(existsSync(join(root, "back.json"))).toBe(false);
  });
});

describe("lists to annotation JSON", () => {
  const convert = (
    name: string,
    kind: "list" | "csv" | "inaturalist",
    content: string,
    options = {},
  ): unknown => {
    writeFileSync(join(root, name), content);
    const columns = { image: "image", label: "label" };
    const out = join(root, "out.json");
    convertList({
      ...{ file: join(root, name), kind, out, prefix: "", force: true, columns, classNames: null },
      ...options,
    });
    return parsed("out.json");
  };

  it("path label lines, as the PyTorch code has them", () => {
    expect(convert("a.txt", "list", "train/x/b c.jpg 1\ntrain/y/d.jpg 0\n", { prefix: "/data" })).toEqual({
      annotations: [
        { image_id: 0, fpath: "/data/train/x/b c.jpg", category_id: 1 },
        { image_id: 1, fpath: "/data/train/y/d.jpg", category_id: 0 },
      ],
      num_classes: 2,
      categories: [
        { id: 0, name: "y" },
        { id: 1, name: "x" },
      ],
    });
  });

  it("CSV with names of classes; iNaturalist's JSON", () => {
    expect(convert("a.csv", "csv", "image,label\n1.jpg,dog\n2.jpg,cat\n")).toMatchObject({
      annotations: [{ category_id: 1 }, { category_id: 0 }],
      categories: [{ name: "cat" }, { name: "dog" }],
    });
    const inat = {
      images: [{ id: 4, file_name: "a/1.jpg" }],
      annotations: [{ id: 4, image_id: 4, category_id: 20 }],
      categories: [
        { id: 10, name: "bee" },
        { id: 20, name: "ant" },
      ],
    };
    expect(convert("a.json", "inaturalist", JSON.stringify(inat))).toMatchObject({
      annotations: [{ image_id: 0, fpath: "a/1.jpg", category_id: 1 }],
      num_classes: 2,
    });
  });

  it.each([
    ["an empty list", "", "a.txt: expected at least one image, found none."],
    ["no label", "a.jpg\n", "a.txt, line 1: expected a path and a whole number"],
    ["a negative label", "a.jpg -1\n", "a.txt, line 1: expected a label from 0 to "],
  ])("%s", (_, content, message) => {
    expect(() => convert("a.txt", "list", content)).toThrow(message);
    expect(existsSync(join(root, "out.json"))).toBe(false);
  });

  it("an output that is there is refused", () => {
    writeFileSync(join(root, "out.json"), "mine");
    expect(() => convert("a.txt", "list", "a.jpg 0\n", { force: false })).toThrow(
      "out.json is there already",
    );
    expect(read("out.json")).toBe("mine");
  });
});
