import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openAllTraining, openDataset } from "../registry.js";
import { complaint, dataSpec, jpeg, temporaryFolder, writeFiles } from "../testing.fixture.js";

const image = jpeg();
const files = { "train_val2018/Aves/7/a.jpg": image, "train_val2018/Fungi/9/b.jpg": image };
const paths = Object.keys(files);
const content = {
  info: {},
  images: paths.map((path, id) => ({ id: id + 100, file_name: path, width: 800, height: 600, license: 3 })),
  annotations: [
    { id: 1, image_id: 101, category_id: 9 },
    { id: 0, image_id: 100, category_id: 7 },
  ],
  categories: [
    { id: 9, name: "Amanita muscaria", supercategory: "Fungi" },
    { id: 7, name: "Parus major", supercategory: "Aves" },
  ],
};
const inaturalist = { kind: "inaturalist" } as const;

describe("iNaturalist's JSON", () => {
  it("numbers classes in the order of their ids", async () => {
    using folder = temporaryFolder();
    const json = JSON.stringify(content);
    writeFiles(folder.path, { ...files, "train2018.json": json, "val2018.json": json });
    const train = await openAllTraining(dataSpec("inaturalist", folder.path));
    expect(train.classes).toEqual(["Parus major", "Amanita muscaria"]);
    expect([...train.labels]).toEqual([1, 0]);
    expect(train.describe(0)).toBe(join(folder.path, paths[1]!));
    expect((await openDataset(dataSpec("inaturalist", folder.path), "test")).classes).toEqual(train.classes);
  });

  it("takes names that were published later from their own file", async () => {
    using folder = temporaryFolder();
    const obfuscated = content.categories.map(({ id }) => ({ id, name: String(id) }));
    writeFiles(folder.path, {
      ...files,
      "train2018.json": JSON.stringify({ ...content, categories: obfuscated }),
      "categories.json": JSON.stringify(content.categories),
    });
    const named = dataSpec("inaturalist", folder.path, { classNames: "categories.json" });
    expect((await openAllTraining(named)).classes).toEqual(["Parus major", "Amanita muscaria"]);
  });

  it("says what is wrong with it", async () => {
    const of = (changes: Partial<Record<keyof typeof content, unknown>>): Promise<string> =>
      complaint(inaturalist, { ...files, "train2018.json": JSON.stringify({ ...content, ...changes }) });
    const { images, annotations, categories } = content;
    expect({
      noFile: await complaint(inaturalist, files),
      noAnnotations: await of({ annotations: undefined }),
      noCategories: await of({ categories: undefined }),
      empty: await of({ annotations: [] }),
      noName: await of({ categories: [{ id: 1 }] }),
      sameCategory: await of({ categories: [...categories, categories[0]] }),
      sameImage: await of({ images: [...images, images[0]] }),
      noPath: await of({ images: [{ id: 1 }] }),
      noImage: await of({ images: images.slice(1) }),
      noClass: await of({ categories: categories.slice(1) }),
      twoClasses: await of({ annotations: [...annotations, { id: 2, image_id: 100, category_id: 9 }] }),
      noObject: await of({ annotations: [null] }),
      emptyClass: await of({ annotations: annotations.slice(1) }),
      missing: await of({ images: images.map((one) => ({ ...one, file_name: `elsewhere/${one.id}.jpg` })) }),
    }).toMatchInlineSnapshot(`
      {
        "empty": "DIR/train2018.json: expected at least one image, found none.",
        "emptyClass": "DIR: class "Amanita muscaria" has no training images; add some, or remove the class.",
        "missing": "DIR/train2018.json, annotation 0: no file DIR/elsewhere/101.jpg; 2 of 2 images are missing. \`longtail data replace-root\` changes where paths lead; data.imageFolder names the folder that they start in; data.strict=false leaves out what is missing.",
        "noAnnotations": "DIR/train2018.json: expected "annotations", a list; found the keys info, images, categories.",
        "noCategories": "DIR/train2018.json: expected "categories", a list; found the keys info, images, annotations.",
        "noClass": "DIR/train2018.json, annotation 0: category_id 9 is none of the categories (--no-strict, data.strict=false, leaves it out)",
        "noFile": "DIR/train2018.json: file not found; DIR has train_val2018/. data.trainFile names another (from the data folder, or a full path).",
        "noImage": "DIR/train2018.json, annotation 1: image_id 100 is none of the images (--no-strict, data.strict=false, leaves it out)",
        "noName": "DIR/train2018.json, category 0: expected "id", a whole number, and "name".",
        "noObject": "DIR/train2018.json, annotation 0: image_id nothing is none of the images (--no-strict, data.strict=false, leaves it out)",
        "noPath": "DIR/train2018.json, image 0: expected "id" and "file_name", a path (--no-strict, data.strict=false, leaves it out)",
        "sameCategory": "DIR/train2018.json: category id 9 is there twice.",
        "sameImage": "DIR/train2018.json, image 2: id 100 is there already (--no-strict, data.strict=false, leaves it out)",
        "twoClasses": "DIR/train2018.json, annotation 2: image 100 has a class already (--no-strict, data.strict=false, leaves it out)",
      }
    `);
  });
});
