import { readMarker } from '../../build/setup/ensure-native.mjs';

/** Why TensorFlow's native library cannot be tested on this machine; undefined where it can. */
export const nativeMissing: string | undefined =
  readMarker() === undefined ? 'the native library is not set up here' : undefined;
