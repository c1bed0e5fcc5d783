import { posix, resolve } from "node:path";
import { DataError } from "../../support/errors.js";
import { counted } from "../../support/text.js";
import type { LeftOutRecords } from "../left-out.js";
import type { DataSource, SpanPixels } from "../dataset.js";
import { IMAGE_EXTENSIONS, IMAGE_FORMATS } from "./reading/content.js";
import { findPattern, matchingFiles, usualPattern } from "./reading/file-pattern.js";
import type { Listed, ListedFormat } from "./listing.js";
import { TarFile, type TarMember } from "./reading/tar.js";

/** An image of a shard, with the label of its sample. */
interface Sample extends Listed {
  readonly shard: string;
  readonly offset: number;
  readonly size: number;
}

/** The shards where the recipe names none, here or in a folder for them. */
const USUAL = {
  train: ["train*.tar", "data/train*.tar", "shards/train*.tar", "train/*.tar", "*-train-*.tar"],
  test: ["test*.tar", "data/test*.tar", "shards/test*.tar", "test/*.tar", "*-test-*.tar"],
  validation: ["val*.tar", "data/val*.tar", "shards/val*.tar", "val/*.tar", "*-val*.tar"],
} as const;
/** Other images beside one of these are masks and the like. */
const USUAL_IMAGES = new Set([".jpg", ".jpeg", ".png", ".webp"]);
const LABELS = new Set(["cls", "json", "txt"]);
const MAX_LABEL = 2 ** 20;
const MAX_IMAGE_BYTES = 2 ** 31 - 1;

/** Whether a folder holds shards of the usual names. */
export function usualShards(root: string): boolean {
  return usualPattern(root, USUAL.train) !== null;
}

/**
 * WebDataset: tar archives whose members a/0001.jpg, a/0001.cls, a/0001.json … are one sample, a/0001. The label is the
 * sample's .cls; else `label` (data.columns.label) or `cls` of its .json; else its .txt: a number from 0, or a name. The
 * archives are read where they are.
 */
export const webdatasetFormat: ListedFormat<Sample> = {
  find: (source, split) => findPattern(source, split, USUAL),
  read(source, split, leftOut) {
    const pattern = findPattern(source, split, USUAL) ?? USUAL[split][0];
    const unclosed: string[] = [];
    const context = { source, leftOut, unclosed };
    const shards = matchingFiles(source.root, pattern, ".tar");
    return {
      file: resolve(source.root, pattern),
      images: shards.flatMap((shard) => readShard(shard, context)),
      notes: unclosed.length === 0 ? [] : [unclosedNote(unclosed)],
      names: null,
      classCount: null,
      where: ({ shard, path }) => `${shard}, ${path}`,
    };
  },
  place: (images, { where }) => {
    return {
      images,
      pixels: spans(images),
      describe: (index) => (images[index] ? where(images[index]) : ""),
    };
  },
};

function spans(images: readonly Sample[]): SpanPixels {
  const files = [...new Set(images.map(({ shard }) => shard))];
  const places = new Map(files.map((file, place) => [file, place]));
  return {
    kind: "spans",
    files,
    file: Int32Array.from(images, ({ shard }) => places.get(shard)!),
    offsets: Float64Array.from(images, ({ offset }) => offset),
    lengths: Int32Array.from(images, ({ size }) => size),
  };
}

interface ShardContext {
  readonly source: Pick<DataSource, "columns">;
  readonly leftOut: LeftOutRecords;
  /** Archives that nothing closes. */
  readonly unclosed: string[];
}

function unclosedNote([first = "", ...more]: readonly string[]): string {
  const others = more.length === 0 ? "" : `, and ${counted(more.length, "other archive")}`;
  return (
    `${first}${others}: the empty blocks that close a tar archive are missing: it may have been cut between two images. ` +
    "Compare its size with the original's"
  );
}

/** The parts of a sample by their extensions. */
type Parts = Map<string, TarMember & { readonly text: string | null }>;

function readShard(path: string, { source, leftOut, unclosed }: ShardContext): Sample[] {
  using tar = new TarFile(path);
  const { samples, isClosed } = partsByKey(tar, leftOut);
  if (!isClosed) unclosed.push(path);
  return [...samples].flatMap(([key, parts]) => {
    const sample = sampleOf(path, parts, source);
    if (typeof sample !== "string") return [sample];
    leftOut.report(`${path}, sample ${key}`, sample);
    return [];
  });
}

function partsByKey(
  tar: TarFile,
  leftOut: LeftOutRecords,
): { readonly samples: ReadonlyMap<string, Parts>; readonly isClosed: boolean } {
  const samples = new Map<string, Parts>();
  const members = wholeMembers(tar, leftOut);
  for (;;) {
    const { done, value: member } = members.next();
    if (done) return { samples, isClosed: member };
    const { key, extension } = partsOf(member.name);
    if (extension === "") continue;
    const sample = samples.get(key) ?? (new Map() as Parts);
    if (sample.has(extension)) leftOut.report(`${tar.path}, ${member.name}`, `is there twice`);
    const isText = LABELS.has(extension) && member.size <= MAX_LABEL;
    const text = isText ? Buffer.from(tar.read(member.size, member.offset)).toString("utf8").trim() : null;
    samples.set(key, sample.set(extension, { ...member, text }));
  }
}

/** Of a damaged archive those before the damage, when not strict. Returns whether what is missing at its end was noticed. */
function* wholeMembers(tar: TarFile, leftOut: LeftOutRecords): Generator<TarMember, boolean> {
  const members = tar.members();
  for (;;) {
    let next: IteratorResult<TarMember, boolean>;
    try {
      next = members.next();
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      leftOut.report(
        tar.path,
        `damaged at ${withoutStart(error.message, `${tar.path}, `)}; the archive's images from there on are lost, at least one`,
      );
      return true; // the report says it
    }
    if (next.done) return next.value;
    yield next.value;
  }
}

function withoutStart(text: string, start: string): string {
  return text.startsWith(start) ? text.slice(start.length) : text;
}

/** The key is the name up to the first dot of its last part: "a.b/1.left.jpg" is "left.jpg" of sample "a.b/1". */
function partsOf(name: string): { key: string; extension: string } {
  const { dir, base } = posix.parse(posix.normalize(name));
  const dot = base.indexOf(".");
  if (dot <= 0) return { key: name, extension: "" };
  return { key: posix.join(dir, base.slice(0, dot)), extension: base.slice(dot + 1).toLowerCase() };
}

/** The image of a sample, or what is wrong with it. */
function sampleOf(shard: string, parts: Parts, { columns }: Pick<DataSource, "columns">): Sample | string {
  const of = (known: ReadonlySet<string>): [string, TarMember][] =>
    [...parts].filter(([extension]) => known.has(`.${extension.split(".").at(-1) ?? ""}`));
  const usual = of(USUAL_IMAGES);
  const images = usual.length > 0 ? usual : of(IMAGE_EXTENSIONS);
  const names = [...parts.keys()].map((extension) => `.${extension}`).join(", ");
  const [image, second] = images.map(([, member]) => member);
  if (image === undefined) return `expected a ${IMAGE_FORMATS} image, found ${names}`;
  if (second !== undefined) return `expected one image, found ${image.name} and ${second.name}`;
  if (image.size > MAX_IMAGE_BYTES) return `${image.name} has ${image.size} bytes`;
  const [cls, json, txt] = ["cls", "json", "txt"].map((extension) => parts.get(extension)?.text ?? null);
  const label = cls ?? labelOfJson(json ?? null, columns.label) ?? txt ?? "";
  if (label === "") return `expected a label in .cls, .json or .txt, found ${names}`;
  return { path: posix.normalize(image.name), label, shard, offset: image.offset, size: image.size };
}

function labelOfJson(text: string | null, key: string): number | string | null {
  if (text === null) return null;
  try {
    const content = JSON.parse(text) as Record<string, unknown> | null;
    const label = content?.[key] ?? content?.["cls"];
    return typeof label === "number" || typeof label === "string" ? label : null;
  } catch {
    return null;
  }
}
