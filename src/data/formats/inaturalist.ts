import { shownValue } from "../../support/budget.js";
import { DataError } from "../../support/errors.js";
import type { LeftOutRecords } from "../left-out.js";
import { asCategory } from "./class-names.js";
import { readJsonObject } from "./reading/json-file.js";
import type { FileListFormat } from "./listed-files.js";
import type { Listed } from "./listing.js";

/**
 * iNaturalist's own files (2017 to 2021), in COCO's form: { "images": [{ "id", "file_name" }], "annotations":
 * [{ "id", "image_id", "category_id" }], "categories": [{ "id", "name" }] }. Classes are numbered in the order of their
 * ids.
 */
export const inaturalistFormat: FileListFormat<AnnotatedImage> = {
  usual: { train: ["train2018.json"], test: ["val2018.json"], validation: [] },
  read: (file, _source, leftOut) => {
    const { images, annotations, categories } = readLists(file);
    const classes = readCategories(file, categories);
    const paths = pathsById(file, images, leftOut);
    const labels = new Map(classes.map(({ id }, label) => [id, label]));
    return {
      file,
      images: joined(annotations, { file, paths, labels, leftOut }),
      names: classNames(classes),
      classCount: classes.length,
      where: ({ record }) => `${file}, annotation ${record}`,
    };
  },
};

interface AnnotatedImage extends Listed {
  /** The annotation's place in the list, from 0. */
  readonly record: number;
}

const LISTS = ["images", "annotations", "categories"] as const;
type Lists = Readonly<Record<(typeof LISTS)[number], readonly unknown[]>>;

function readLists(file: string): Lists {
  const content = readJsonObject(file);
  for (const name of LISTS) {
    if (!Array.isArray(content[name])) {
      const found = Object.keys(content).slice(0, 8).join(", ");
      throw new DataError(`${file}: expected "${name}", a list; found the keys ${found || "none"}.`);
    }
  }
  return content as unknown as Lists;
}

interface Category {
  readonly id: number;
  readonly name: string;
}

function readCategories(file: string, categories: readonly unknown[]): Category[] {
  const found = categories.map((category, record) => {
    const known = asCategory(category);
    if (known) return known;
    throw new DataError(`${file}, category ${record}: expected "id", a whole number, and "name".`);
  });
  found.sort((a, b) => a.id - b.id);
  const twin = found.find(({ id }, place) => found[place - 1]?.id === id);
  if (twin) throw new DataError(`${file}: category id ${twin.id} is there twice.`);
  return found;
}

/** Names that are not each a class's own would mix classes up: ids stand in. */
function classNames(classes: readonly Category[]): string[] {
  const names = classes.map(({ name }) => name);
  return new Set(names).size === names.length ? names : classes.map(({ id }) => String(id));
}

function pathsById(file: string, images: readonly unknown[], leftOut: LeftOutRecords): Map<unknown, string> {
  const paths = new Map<unknown, string>();
  images.forEach((image, record) => {
    const { id, file_name: path } = (image ?? {}) as { id?: unknown; file_name?: unknown };
    if (id === undefined || typeof path !== "string" || path === "")
      leftOut.report(`${file}, image ${record}`, `expected "id" and "file_name", a path`);
    else if (paths.has(id))
      leftOut.report(`${file}, image ${record}`, `id ${shownValue(id)} is there already`);
    else paths.set(id, path);
  });
  return paths;
}

function joined(
  annotations: readonly unknown[],
  options: {
    file: string;
    paths: Map<unknown, string>;
    labels: ReadonlyMap<unknown, number>;
    leftOut: LeftOutRecords;
  },
): AnnotatedImage[] {
  const { file, paths, labels, leftOut } = options;
  const seen = new Set<unknown>();
  return annotations.flatMap((annotation, record) => {
    const { image_id: id, category_id: category } = (annotation ?? {}) as Record<string, unknown>;
    const path = paths.get(id);
    const label = labels.get(category);
    if (path !== undefined && label !== undefined && !seen.has(id)) {
      seen.add(id);
      return [{ path, label, record }];
    }
    const fault =
      path === undefined
        ? `image_id ${shownValue(id)} is none of the images`
        : label === undefined
          ? `category_id ${shownValue(category)} is none of the categories`
          : `image ${shownValue(id)} has a class already`;
    leftOut.report(`${file}, annotation ${record}`, fault);
    return [];
  });
}
