// TensorFlow's binding as a package carries it, so that nobody needs a compiler: it finds whichever library set-up puts next to it.
import fs from 'node:fs';
import path from 'node:path';
import { compilePackagedBinding } from '../setup/binding.mjs';
import { ensureNative } from '../setup/ensure-native.mjs';
import { describeLibrary } from '../setup/library.mjs';
import { assetsDir } from './config.mjs';

/** Makes it into the folder of assets; returns why it could not be made, or null. */
export async function makePackagedBinding(file = path.join(assetsDir, 'binding', 'tfjs_binding.node')) {
  fs.rmSync(file, { force: true });
  const native = await ensureNative();
  if (!native.ok) return `TensorFlow's headers are not here (${native.tried.join('; ')})`;
  try {
    await compilePackagedBinding({ env: process.env, library: describeLibrary(native.root), file });
    return null;
  } catch (error) {
    return error.message;
  }
}
