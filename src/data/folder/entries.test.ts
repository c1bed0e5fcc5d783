import { execFileSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join, relative } from "node:path";
import { expect, it } from "vitest";
import { openAllTraining } from "../registry.js";
import { dataSpec, jpeg, temporaryFolder, writeFiles } from "../testing.fixture.js";
import { entriesOf } from "./entries.js";

it("names what is neither a file nor a folder, and opens none of it", async () => {
  using folder = temporaryFolder();
  writeFiles(folder.path, { "ant/1.jpg": jpeg(), "ant/2\nfinished.jpg": jpeg(), "bee/1.jpg": jpeg() });
  const at = (name: string): string => join(folder.path, "ant", name);
  execFileSync("mkfifo", [at("pipe.jpg")]);
  symlinkSync("pipe.jpg", at("to-pipe.jpg"));
  symlinkSync("/dev/zero", at("zero.jpg"));
  symlinkSync("itself.jpg", at("itself.jpg"));
  const server = createServer().listen(at("socket.jpg"));
  const faults: string[] = [];
  const entries = entriesOf(join(folder.path, "ant"), (where, reason) =>
    faults.push(`${relative(folder.path, where)}: ${reason}`),
  );
  expect(entries.map(({ name }) => name)).toEqual(["1.jpg"]);
  expect(faults).toMatchInlineSnapshot(`
    [
      "ant/2
    finished.jpg: expected a name of one line, found one with a line break; rename it",
      "ant/itself.jpg: expected a file or folder, found a broken link",
      "ant/pipe.jpg: expected a file or folder, found a named pipe",
      "ant/socket.jpg: expected a file or folder, found a socket",
      "ant/to-pipe.jpg: expected a file or folder, found a named pipe",
      "ant/zero.jpg: expected a file or folder, found a device",
    ]
  `);
  await expect(openAllTraining(dataSpec("image-folder", folder.path))).rejects.toThrow(
    "2\\u000afinished.jpg: expected a name of one line, found one with a line break; rename it (--no-strict",
  );
  const lenient = await openAllTraining(dataSpec("image-folder", folder.path, { strict: false }));
  expect(lenient.size).toBe(2);
  server.close();
});
