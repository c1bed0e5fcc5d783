import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openAllTraining, openDataset } from "../registry.js";
import { complaint, dataSpec, jpeg, temporaryFolder, writeFiles } from "../testing.fixture.js";
import { readAnnotations } from "./annotations.js";

const image = jpeg();
const images = { "images/0.jpg": image, "images/1.jpg": image, "images/2.jpg": image };
/** As NCL's tools write it, and some keys more. */
const content = {
  info: { year: 2021 },
  annotations: [
    { image_id: 0, category_id: 1, fpath: "images/0.jpg", im_height: 500, im_width: 375 },
    { image_id: 1, category_id: 0, fpath: "images/1.jpg", extra: [1, null] },
    { image_id: "x", category_id: 1, path: "images/2.jpg" },
  ],
  num_classes: 2,
};
const [first, second] = content.annotations;
const annotations = { kind: "annotations" } as const;

describe("annotation JSON", () => {
  it("opens both splits, by relative and full paths", async () => {
    using folder = temporaryFolder();
    const full = { image_id: 7, category_id: 0, fpath: join(folder.path, "images/1.jpg") };
    writeFiles(folder.path, {
      ...images,
      "train.json": JSON.stringify(content),
      "lists/valid.json": JSON.stringify({ annotations: [full], num_classes: 2 }),
    });
    const spec = dataSpec("annotations", folder.path, { testFile: "lists/valid.json" });
    const train = await openAllTraining(spec);
    expect([train.classes, [...train.labels]]).toEqual([
      ["0", "1"],
      [1, 0, 1],
    ]);
    expect(train.describe(2)).toBe(join(folder.path, "images/2.jpg"));
    const test = await openDataset(spec, "test");
    expect([[...test.labels], test.describe(0)]).toEqual([[0], full.fpath]);
  });

  it("keeps every field", () => {
    using folder = temporaryFolder();
    writeFiles(folder.path, { "train.json": JSON.stringify(content) });
    expect(JSON.stringify(readAnnotations(join(folder.path, "train.json")))).toBe(JSON.stringify(content));
  });

  it("says what is wrong with it", async () => {
    const of = (json: unknown, changes = {}): Promise<string> =>
      complaint({ ...annotations, ...changes }, { ...images, "train.json": JSON.stringify(json) });
    const withThird = (third: unknown): Promise<string> =>
      of({ ...content, annotations: [first, second, third] });
    expect({
      noFile: await complaint(annotations, images),
      notJson: await complaint(annotations, { ...images, "train.json": '{"annotations": [' }),
      list: await of(content.annotations),
      noAnnotations: await of({ images: [], num_classes: 2 }),
      noClasses: await of({ annotations: content.annotations }),
      badClasses: await of({ ...content, num_classes: "2" }),
      empty: await of({ ...content, annotations: [] }),
      noObject: await withThird(3),
      noPath: await withThird({ image_id: 2, category_id: 1 }),
      noLabel: await withThird({ image_id: 2, fpath: "images/2.jpg" }),
      textLabel: await withThird({ image_id: 2, fpath: "images/2.jpg", category_id: "bee" }),
      tooLarge: await withThird({ image_id: 2, fpath: "images/2.jpg", category_id: 2 }),
      negative: await withThird({ image_id: 2, fpath: "images/2.jpg", category_id: -1 }),
      missing: await withThird({ image_id: 2, fpath: "images/7.jpg", category_id: 1 }),
      emptyClass: await of({ ...content, num_classes: 3 }),
    }).toMatchInlineSnapshot(`
      {
        "badClasses": "DIR/train.json: expected "num_classes", a whole number > 0, found "2".",
        "empty": "DIR/train.json: expected at least one image, found none.",
        "emptyClass": "DIR: class "2" has no training images; add some, or remove the class.",
        "list": "DIR/train.json: expected a JSON object, found a list.",
        "missing": "DIR/train.json, annotation 2: no file DIR/images/7.jpg; 1 of 3 images is missing. \`longtail data replace-root\` changes where paths lead; data.imageFolder names the folder that they start in; data.strict=false leaves out what is missing.",
        "negative": "DIR/train.json, annotation 2: expected a label from 0 to 1, found -1 (--no-strict, data.strict=false, leaves it out)",
        "noAnnotations": "DIR/train.json: expected "annotations", a list; found the keys images, num_classes.",
        "noClasses": "DIR/train.json: expected "num_classes", a whole number > 0, found nothing.",
        "noFile": "DIR/train.json: file not found; DIR has images/. data.trainFile names another (from the data folder, or a full path).",
        "noLabel": "DIR/train.json, annotation 2: expected "category_id", a whole number, found nothing (--no-strict, data.strict=false, leaves it out)",
        "noObject": "DIR/train.json, annotation 2: expected an object (--no-strict, data.strict=false, leaves it out)",
        "noPath": "DIR/train.json, annotation 2: expected "fpath", a path, found nothing (--no-strict, data.strict=false, leaves it out)",
        "notJson": "DIR/train.json: expected JSON: Unexpected end of JSON input.",
        "textLabel": "DIR/train.json, annotation 2: expected "category_id", a whole number, found "bee" (--no-strict, data.strict=false, leaves it out)",
        "tooLarge": "DIR/train.json, annotation 2: expected a label from 0 to 1, found 2 (--no-strict, data.strict=false, leaves it out)",
      }
    `);
  });

  it("is read as NCL's code reads it: fpath before path, and every annotation, whatever its image_id", async () => {
    using folder = temporaryFolder();
    const both = { image_id: 0, category_id: 1, fpath: "images/2.jpg", path: "images/none.jpg" };
    const json = JSON.stringify({ annotations: [first, first, both, second], num_classes: 2 });
    writeFiles(folder.path, { ...images, "train.json": json });
    const train = await openAllTraining(dataSpec("annotations", folder.path));
    expect(train.size).toBe(4);
    expect(train.describe(2)).toBe(join(folder.path, "images/2.jpg"));
  });

  it("leaves out what is wrong and counts it when the recipe says so", async () => {
    using folder = temporaryFolder();
    const wrong = [
      3,
      { ...first, image_id: 9, category_id: 5 },
      { ...first, image_id: 9, fpath: 3 },
      { ...first, fpath: "no.jpg" },
    ];
    const json = JSON.stringify({ ...content, annotations: [...content.annotations, ...wrong] });
    writeFiles(folder.path, { ...images, "train.json": json });
    const { size, leftOut = [] } = await openAllTraining(
      dataSpec("annotations", folder.path, { strict: false }),
    );
    expect([size, leftOut.length]).toEqual([3, 4]);
  });
});
