import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { temporaryFolder, writeToyData } from "./toy.fixture.js";

/** A temporary folder with the toy data in data/, anew for each test or one for the file. Gives the paths of names in it. */
export function toyFolder(per: "test" | "file"): (name: string) => string {
  let temporary: ReturnType<typeof temporaryFolder>;
  const at = (name: string): string => join(temporary.path, name);
  const [before, after] = per === "test" ? [beforeEach, afterEach] : [beforeAll, afterAll];
  before(() => {
    temporary = temporaryFolder();
    writeToyData(at("data"));
  });
  after(() => {
    temporary[Symbol.dispose]();
  });
  return at;
}
