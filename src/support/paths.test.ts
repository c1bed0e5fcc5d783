import { expect, test } from "vitest";
import { withoutMachinePaths } from "./paths.js";

const published = (text: string): string => withoutMachinePaths(text, "/home/ada/birds", "/home/ada");

test("a published text's paths start at the working folder or at home", () => {
  const text =
    '{"root":"/home/ada/birds/images","out":"/home/ada/runs/a b"} --out=/home/ada/birds/runs <a>/home/ada/birds/x</a>';
  expect(published(text)).toBe('{"root":"images","out":"~/runs/a b"} --out=runs <a>x</a>');
});

test("other paths stay, also those that contain or begin with the folder's letters", () => {
  for (const path of [
    "/data/home/ada/birds/x",
    "/home/ada-lovelace/x",
    "/data/cifar",
    "x/home/ada/y",
    "no path",
  ])
    expect(published(path)).toBe(path);
});

test("nothing is cut where the folder is the file system's root", () => {
  expect(withoutMachinePaths("/data/cifar", "/", "/")).toBe("/data/cifar");
});
