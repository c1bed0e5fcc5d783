import { lastSteps, type Guide } from "./guide.js";
import { shellQuoted } from "../../support/text.js";

const cifar = (number: "10" | "100", folder: string): Guide => ({
  name: `cifar${number}-lt`,
  title: `CIFAR-${number}-LT`,
  about:
    `The long-tailed subset of CIFAR-${number} (Krizhevsky, 2009) that Cao et al. (NeurIPS 2019) publish, of imbalance 100; ` +
    `recipe cifar${number}-lt50-ncl takes that of imbalance 50. The recipe chooses it from the balanced images. ` +
    "160 to 175 MB to download.",
  steps: (root) => [
    {
      title: `Get CIFAR-${number} from its publisher`,
      commands: [`longtail data download cifar${number} --to ${shellQuoted(root)}`],
      makes: [{ path: folder }],
    },
    ...lastSteps(`cifar${number}-lt-ncl`, root, []),
  ],
});

export const cifar10Guide = cifar("10", "cifar-10-batches-bin");
export const cifar100Guide = cifar("100", "cifar-100-binary");
