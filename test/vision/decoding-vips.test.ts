/** The same decoding where the system has no libjpeg-turbo. */
import { expect, it } from "vitest";
import { vision } from "../../src/data/vision.js";

process.env["LONGTAIL_JPEG"] = "vips"; // read with the first image
await import("./decoding.test.js");

it("goes by libvips", () => {
  expect(vision().jpegLibrary()).toBe("libvips");
});
