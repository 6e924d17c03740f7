// Loads an npm package from the folder the run installs into: INTEROP_PACKAGES. Nothing is installed beside these files.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const require = createRequire(`${process.env.INTEROP_PACKAGES}/`);

export const load = (name) => import(pathToFileURL(require.resolve(name)).href);
