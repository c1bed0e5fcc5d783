/**
 * Everything that a check can find. An error stops a training or makes its result wrong; a warning likely costs accuracy or
 * flatters it; a note is for information.
 */
export type Severity = "error" | "warning" | "note";

interface KindDescription {
  readonly severity: Severity;
  readonly title: string;
  /** What it means and what to do about it. */
  readonly advice: string;
  /** What is counted: images, unless said otherwise. */
  readonly unit?: "record" | "class";
}

export const FINDING_KINDS = {
  layout: {
    severity: "error",
    unit: "record",
    title: "Data that cannot be opened",
    advice: "A training would not start. Mend the folder or file that the message names.",
  },
  skipped: {
    severity: "error",
    unit: "record",
    title: "Records that cannot be used",
    advice: "A training stops at the first of them; with data.strict=false it leaves them out.",
  },
  files: {
    severity: "warning",
    unit: "record",
    title: "What is peculiar about the files",
    advice: "A training says the same before it begins. Check that it is as you mean it.",
  },
  unreadable: {
    severity: "error",
    title: "Images that cannot be decoded",
    advice: "A training stops at the first of them. Get them anew, convert them or remove them.",
  },
  truncated: {
    severity: "error",
    title: "Images that end too early",
    advice:
      "The file was cut off, as by a download or copy that was interrupted; a training stops at it. Get it anew or " +
      "remove it.",
  },
  huge: {
    severity: "error",
    title: "Images that declare an enormous size",
    advice:
      "More than 268 million pixels, 65,500 a side, or 2 GiB of memory to decode: refused by the header, since a small " +
      "file can demand all of the memory. " +
      "Make it smaller or remove it.",
  },
  "one-class": {
    severity: "error",
    unit: "class",
    title: "A single class",
    advice:
      "A classifier needs two classes. Perhaps the folder is a level too high or too low: it is the one that has a folder for " +
      "each class, or train with them.",
  },
  "empty-class": {
    severity: "error",
    unit: "class",
    title: "Classes without training images",
    advice:
      "Nothing can be learned of them, and balanced methods divide by their count. Add images or remove the class.",
  },
  "conflicting-labels": {
    severity: "error",
    title: "The same image in several classes",
    advice:
      "The decoded pixels are equal, the labels are not: at most one is right. Decide for one class and remove the image " +
      "from the others.",
  },
  leak: {
    severity: "error",
    title: "The same image in several splits",
    advice:
      "The decoded pixels are equal. The network knows the labels of its training images by heart, and what is chosen on " +
      "validation images fits them, so the accuracy is too high. Keep such images in one split.",
  },
  "near-conflict": {
    severity: "warning",
    title: "Nearly the same image in several classes",
    advice:
      "Copies that were scaled, recompressed, recolored or mirrored, or pictures of one series, with different labels. " +
      "Look at them: often one label is wrong.",
  },
  "near-leak": {
    severity: "warning",
    title: "Nearly the same image in several splits",
    advice:
      "Copies that were scaled, recompressed, recolored or mirrored, or pictures of one series. They are easier than " +
      "new images, so the accuracy is too high (Barz and Denzler, 2020, found such for 3 % of CIFAR-10's and 10 % of " +
      "CIFAR-100's test images). Keep all of a group in one split.",
  },
  duplicate: {
    severity: "warning",
    title: "The same image several times in a split and class",
    advice:
      "It counts as several images: the class looks larger than it is, which matters most for rare ones. Keep one.",
  },
  damaged: {
    severity: "warning",
    title: "Images with damage that decoders pass over",
    advice: "Parts of the picture may be gray or shifted. Look at them, get them anew or remove them.",
  },
  "nearly-black": {
    severity: "warning",
    title: "Images of 16 bits a channel that are nearly black",
    advice:
      "Cameras and microscopes with 10, 12 or 14 bits leave the upper ones empty, and only the upper 8 of 16 are used. Scale " +
      "their values to the whole range before training.",
  },
  "missing-labels": {
    severity: "warning",
    unit: "class",
    title: "Labels that may stand for a missing value",
    advice: "They are taken as a class of that name. Remove these records, or give them their class.",
  },
  blank: {
    severity: "warning",
    title: "Images that show nothing",
    advice:
      "All pixels are (nearly) of one color. Often a placeholder of a download that failed: remove them.",
  },
  tiny: {
    severity: "warning",
    title: "Tiny images",
    advice: "Shorter than 8 pixels on one side: hardly anything can be seen on them. Remove them.",
  },
  "extreme-shape": {
    severity: "warning",
    title: "Very long or very high images",
    advice:
      "One side is more than 4 times the other. The square that the network sees is a small part of them, or all of it " +
      "squeezed. Crop them to what matters.",
  },
  "single-image": {
    severity: "warning",
    unit: "class",
    title: "Classes with a single training image",
    advice:
      "None is left to hold out, and the network sees the class in one picture only. Add images, merge such classes, or " +
      "expect nothing of them.",
  },
  "similar-names": {
    severity: "warning",
    title: "Class names that look alike",
    advice:
      "They differ in capitals, spaces, punctuation or in how accents are encoded only. If they mean the same, merge " +
      "their folders.",
  },
  "other-files": {
    severity: "note",
    unit: "record",
    title: "Files in class folders that are no images",
    advice:
      "They are passed over. Images among them, such as videos or raw photographs, are lost until they are converted.",
  },
  "near-duplicate": {
    severity: "note",
    title: "Nearly the same images in a split and class",
    advice:
      "Copies that were scaled, recompressed, recolored or mirrored, or pictures of one series. They add less than new " +
      "images do; a held-out split may share them with training.",
  },
  "single-test-image": {
    severity: "note",
    unit: "class",
    title: "Classes with a single test image",
    advice:
      "Their accuracy is 0 or 100 %, by chance. Add test images, or read the groups' accuracies instead.",
  },
  "no-test-images": {
    severity: "note",
    unit: "class",
    title: "Classes without test images",
    advice: "Their accuracy is not measured, and the means are over the others. Add some if they matter.",
  },
  small: {
    severity: "note",
    title: "Images smaller than half of what the network sees",
    advice:
      "They are enlarged, and lack the detail of the others. A smaller data.imageSize is faster, and as good for them.",
  },
  oversized: {
    severity: "note",
    title: "Images much larger than what the network sees",
    advice:
      "More than 8 times data.imageSize on the shorter side: decoding takes most of the time. Smaller copies train faster.",
  },
  gray: {
    severity: "note",
    title: "Gray images",
    advice: "Handled: their one channel is repeated for red, green and blue.",
  },
  cmyk: {
    severity: "note",
    title: "Images in printing colors (CMYK)",
    advice:
      "Handled: converted to RGB by their color profiles, and as Pillow does where they have none. A profile takes about a " +
      "tenth of a second per image: save them as RGB if there are many.",
  },
  alpha: {
    severity: "note",
    title: "Images with transparency",
    advice:
      "Handled: the transparency is dropped. What lies under transparent pixels becomes visible; if that is not wanted, " +
      "save them on a plain background.",
  },
  "deep-color": {
    severity: "note",
    title: "Images with 16 bits a channel",
    advice: "Handled: the upper 8 bits are used.",
  },
  rotated: {
    severity: "note",
    title: "Images that are stored turned or mirrored (EXIF)",
    advice: "Handled: they are turned upright as their EXIF orientation says.",
  },
  "wrong-extension": {
    severity: "note",
    title: "Files whose name says another format",
    advice: "Handled: files are read by their content. Other programs may refuse them.",
  },
} as const satisfies Record<string, KindDescription>;

export type FindingKind = keyof typeof FINDING_KINDS;

/** What a finding's items are. */
export function unitOf(kind: FindingKind): string {
  const description: KindDescription = FINDING_KINDS[kind];
  return description.unit ?? "image";
}
