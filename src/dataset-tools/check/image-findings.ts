import { extname } from "node:path";
import type { FindingItem } from "./finding.js";
import type { FindingKind } from "./finding-kinds.js";
import { DECODED, formatOfFile, undecodable } from "../../data/formats/reading/content.js";
import { isBlank, isNearlyBlack, type Inspection } from "../../data/inspection/inspection-cache.js";
import type { CheckedImage } from "./images.js";

const TINY = 8;
const EXTREME_RATIO = 4;
const SMALL = 1 / 2;
const OVERSIZED = 8;

interface Rule {
  readonly kind: FindingKind;
  /** What to say of an image that the rule is about; undefined for others. */
  readonly test: (image: CheckedImage, imageSize: number | null) => string | undefined;
}

/** Rules for images that cannot be used; the first that applies is the finding. */
const failures: readonly Rule[] = [
  { kind: "huge", test: ({ inspection: i }) => (i.huge ? sizeText(i) : undefined) },
  { kind: "truncated", test: ({ inspection: i }) => (i.truncated ? (i.error ?? "") : undefined) },
  { kind: "unreadable", test: unreadable },
];

/** Rules for all others; an image may have several findings. */
const observations: readonly Rule[] = [
  { kind: "damaged", test: ({ inspection: i }) => i.warning ?? undefined },
  {
    kind: "nearly-black",
    test: ({ inspection: i }) => (isNearlyBlack(i) ? formatText(i) : undefined),
  },
  { kind: "blank", test: ({ inspection: i }) => (isBlank(i) ? sizeText(i) : undefined) },
  { kind: "tiny", test: ({ inspection: i }) => (shorter(i) < TINY ? sizeText(i) : undefined) },
  {
    kind: "extreme-shape",
    test: ({ inspection: i }) => (longer(i) > EXTREME_RATIO * shorter(i) ? sizeText(i) : undefined),
  },
  {
    kind: "small",
    test: ({ inspection: i }, size) =>
      size !== null && shorter(i) >= TINY && shorter(i) < SMALL * size ? sizeText(i) : undefined,
  },
  {
    kind: "oversized",
    test: ({ inspection: i }, size) =>
      size !== null && shorter(i) > OVERSIZED * size ? sizeText(i) : undefined,
  },
  { kind: "gray", test: ({ inspection: i }) => (i.color === "gray" ? formatText(i) : undefined) },
  { kind: "cmyk", test: ({ inspection: i }) => (i.color === "cmyk" ? formatText(i) : undefined) },
  { kind: "alpha", test: ({ inspection: i }) => (i.alpha ? formatText(i) : undefined) },
  { kind: "deep-color", test: ({ inspection: i }) => (i.bits > 8 ? formatText(i) : undefined) },
  {
    kind: "rotated",
    test: ({ inspection: i }) => (i.orientation > 1 ? ORIENTATIONS[i.orientation] : undefined),
  },
  { kind: "wrong-extension", test: wrongExtension },
];

/** Why an image cannot be decoded: what its file is in place of one, where that can be told. */
function unreadable({ path, inspection: { error } }: CheckedImage): string | undefined {
  return error === null ? undefined : undecodable(path, error);
}

/** What EXIF's numbers say of how the image is stored. */
const ORIENTATIONS: Partial<Record<number, string>> = {
  2: "mirrored",
  3: "upside down",
  4: "mirrored and upside down",
  5: "mirrored and turned",
  6: "turned to the left",
  7: "mirrored and turned",
  8: "turned to the right",
};

/** What is to be said of single images, by kind. */
export function imageFindings(
  images: Iterable<CheckedImage>,
  imageSize: number | null,
): Map<FindingKind, FindingItem[]> {
  const found = new Map<FindingKind, FindingItem[]>();
  for (const image of images) {
    const failed = failures.find((rule) => rule.test(image, imageSize) !== undefined);
    for (const { kind, test } of failed ? [failed] : observations) {
      const text = test(image, imageSize);
      if (text === undefined) continue;
      const items = found.get(kind) ?? [];
      found.set(kind, items);
      items.push({ images: [image.ref], text });
    }
  }
  return found;
}

function shorter({ width, height }: Inspection): number {
  return Math.min(width, height);
}

function longer({ width, height }: Inspection): number {
  return Math.max(width, height);
}

function sizeText({ width, height }: Inspection): string {
  return `${width} x ${height} pixels`;
}

function formatText({ format, bits }: Inspection): string {
  return bits > 8 ? `${(format ?? "").toUpperCase()}, ${bits} bits` : (format ?? "").toUpperCase();
}

function wrongExtension({ path, inspection: { format } }: CheckedImage): string | undefined {
  const extension = extname(path ?? "").toLowerCase();
  const fitting = DECODED.find((known) => known.format === format)?.extensions;
  const isNamed = DECODED.some(({ extensions }) => extensions.includes(extension));
  if (!fitting || !isNamed || fitting.includes(extension)) return undefined;
  if (formatOfFile(path ?? "")?.extensions.includes(extension)) return undefined; // a HEIC file, which is a JPEG by now
  return `${(format ?? "").toUpperCase()} inside`;
}
