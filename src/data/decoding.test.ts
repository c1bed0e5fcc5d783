import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { DataError } from "../support/errors.js";
import { scope } from "../torch/scope.js";
import { Tensor } from "../torch/tensor.js";
import { fixturePath, png, temporaryFolder } from "./testing.fixture.js";
import { vision } from "./vision.js";

function decode(path: string): { height: number; width: number; rgb: string } {
  using _ = scope();
  const image = new Tensor(vision().decodeImage(path));
  const [height = 0, width = 0, channels] = image.shape;
  expect(channels).toBe(3);
  return { height, width, rgb: Buffer.from(image.toArray() as Uint8Array).toString("base64") };
}

const { decode: expected } = JSON.parse(readFileSync(fixturePath("expected.json"), "utf8")) as {
  decode: Record<string, { height: number; width: number; rgb: string }>;
};

describe("decoding", () => {
  it.each(Object.keys(expected))("%s has Pillow's values", (name) => {
    expect(decode(fixturePath(name))).toEqual(expected[name]);
  });

  it("takes any file name", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "a [page=2], ü.jpg");
    writeFileSync(path, readFileSync(fixturePath("rgb.jpg")));
    expect(decode(path)).toEqual(expected["rgb.jpg"]);
  });
});

describe("a file that is not whole", () => {
  it.each(["rgb.jpg", "progressive.jpg", "grey.jpg", "lossless.webp", "rgb.png", "palette.png"])(
    "%s is refused wherever it was cut",
    (name) => {
      using folder = temporaryFolder();
      const content = readFileSync(fixturePath(name));
      const path = join(folder.path, name);
      const pixelsEnd = content.length - (name.endsWith(".png") ? 12 : 0); // a PNG ends with an empty chunk
      for (let length = 0; length < pixelsEnd; length += 7) {
        writeFileSync(path, content.subarray(0, length));
        expect(() => decode(path)).toThrowError(DataError);
        expect(() => decode(path)).toThrowError(path);
      }
    },
  );
});

describe("a file that is no image", () => {
  /** The message, without the folder's random name. */
  function complaint(write: (path: string) => void): string {
    using folder = temporaryFolder();
    const path = join(folder.path, "image.jpg");
    write(path);
    try {
      decode(path);
    } catch (error) {
      expect(error).toBeInstanceOf(DataError);
      return (error as DataError).message.replace(folder.path, "DIR");
    }
    throw new Error("expected an error");
  }

  it("says what it found", () => {
    expect({
      missing: complaint(() => undefined),
      folder: complaint((path) => mkdirSync(path)),
      empty: complaint((path) => {
        writeFileSync(path, "");
      }),
      text: complaint((path) => {
        writeFileSync(path, "<svg/>");
      }),
      huge: complaint((path) => {
        writeFileSync(path, png(2, 2, { declared: [50_000, 40_000] }));
      }),
    }).toMatchInlineSnapshot(`
      {
        "empty": "DIR/image.jpg: the file is empty",
        "folder": "DIR/image.jpg: expected an image file, found something that is not a file",
        "huge": "DIR/image.jpg: expected at most 268435456 pixels, found 50000 x 40000 (height x width)",
        "missing": "DIR/image.jpg: cannot be read: No such file or directory",
        "text": "DIR/image.jpg: expected a JPEG, PNG or WebP image, found other content",
      }
    `);
  });
});
