import { expect, test } from "vitest";
import { standInOf } from "./stand-in.js";

test("what stands in a file's place is known by its start; content is not mistaken for it", () => {
  const nameOf = (text: string): string | undefined => standInOf(Buffer.from(text, "latin1"))?.name;
  expect(nameOf("")).toBe("an empty file");
  expect(nameOf("version https://git-lfs.github.com/spec/v1\noid sha256:1\n")).toBe("a Git LFS pointer");
  for (const page of ["<!DOCTYPE html>", "\n  <html lang=en>", "\xef\xbb\xbf<HTML>", "<head>"])
    expect(nameOf(page), page).toBe("an HTML page");
  for (const content of ["a.jpg 0\n", "{}", "PAR1", "\x89PNG", "<svg></svg>", "version 1", "\0"])
    expect(nameOf(content), content).toBeUndefined();
});
