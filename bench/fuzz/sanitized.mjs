// The image readers of native/vision, without libtorch, as a program that AddressSanitizer and UndefinedBehaviorSanitizer
// watch. libvips itself is not compiled with them: of it, what corrupts memory of ours or of malloc's is found.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { visionLibrary } from "../../scripts/build-native.mjs";

const FOLDERS = ["codecs", "image", "inspection", "sources"].map((name) => `native/vision/${name}`);
const FLAGS = ["-std=c++20", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
/** Compiles the program and returns its path. */
export function sanitized(root) {
  const vips = join(root, "node_modules/@img/sharp-libvips-dev/include");
  const library = visionLibrary();
  const include = [vips, join(vips, "glib-2.0"), join(dirname(library), "glib-2.0/include")];
  const sources = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder))
      .filter((file) => file.endsWith(".cpp"))
      .map((file) => join(root, folder, file)),
  );
  mkdirSync(join(root, "build/fuzz"), { recursive: true });
  const program = join(root, "build/fuzz/read-images");
  const jpeg = existsSync("/usr/include/jpeglib.h") ? ["-DLT_JPEG"] : [];
  console.log(
    `compiling ${sources.length} files with ${FLAGS[3]}${jpeg.length > 0 ? "" : ", JPEG by libvips alone"}`,
  );
  execFileSync(
    process.env.CXX ?? "g++",
    [
      ...[...FLAGS, ...jpeg, `-I${join(root, "native")}`],
      ...include.flatMap((path) => ["-isystem", path]),
      ...[join(root, "bench/fuzz/read-images.cpp"), join(root, "native/common/timeline.cpp"), ...sources],
      ...[library, `-Wl,-rpath,${dirname(library)}`, "-ldl", "-lpthread", "-o", program],
    ],
    { cwd: root, stdio: "inherit" },
  );
  return program;
}
