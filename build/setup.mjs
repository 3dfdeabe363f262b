// `node build/setup.mjs [--force]`: what the launchers do on first use, by itself. Useful in images and before going offline.
import { ensureNative } from './setup/ensure-native.mjs';

const result = await ensureNative({ force: process.argv.includes('--force') });
if (result.ok) process.stdout.write(`TensorFlow ${result.tensorflow} (${result.flavour}), ${result.origin}\n`);
else process.exitCode = 1;
