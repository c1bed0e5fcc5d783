import { lastSteps, type Guide, type Step } from "./guide.js";
import { shellQuoted } from "../../support/text.js";

const PUBLISHER = "https://ml-inat-competition-datasets.s3.amazonaws.com/2018";

/** The publisher's archives with their checksums (github.com/visipedia/inat_comp, 2018). */
const ARCHIVES = [
  {
    file: "train_val2018.tar.gz",
    md5: "b1c6952ce38f31868cc50ea72d066cc3",
    makes: "train_val2018",
    what: "the images (120 GB)",
  },
  {
    file: "train2018.json.tar.gz",
    md5: "bfa29d89d629cbf04d826a720c0a68b0",
    makes: "train2018.json",
    what: "the training labels",
  },
  {
    file: "val2018.json.tar.gz",
    md5: "f2ed8bfe3e9901cdefceb4e53cd3775d",
    makes: "val2018.json",
    what: "the test labels",
  },
] as const;

export const inat18Guide: Guide = {
  name: "inat18",
  title: "iNaturalist 2018",
  about:
    "437,513 images of 8,142 species (1,000 to 2), and 24,426 validation images to test on. For research and teaching only, " +
    "not to be passed on: see https://github.com/visipedia/inat_comp/tree/master/2018. 120 GB to download, twice that on " +
    "the disk until the archive is removed.",
  steps: (root) => [
    ...ARCHIVES.map(({ file, md5, makes, what }): Step => {
      const archive = shellQuoted(`${root}/${file}`);
      return {
        title: `Download and unpack ${what}`,
        commands: [
          `curl --fail --location --continue-at - --create-dirs --output ${archive} ${PUBLISHER}/${file}`,
          `echo "${md5}  "${archive} | md5sum --check && tar -xzf ${archive} -C ${shellQuoted(root)}`,
        ],
        makes: [{ path: makes }],
      };
    }),
    ...lastSteps("inat18-ncl", root, ["data.kind=inaturalist"]),
  ],
};
