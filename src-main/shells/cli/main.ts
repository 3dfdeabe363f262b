import { keepFilesPrivate } from './own-files.ts';
import { runCli } from './run-cli.ts';

keepFilesPrivate();

// Set rather than exited with: what is still on its way to a pipe is written first.
process.exitCode = await runCli(process.argv.slice(2), {
  env: process.env,
  // Opened by who reads it: a pipe that nobody reads should not be touched.
  get stdin() {
    return process.stdin;
  },
  stdout: process.stdout,
  stderr: process.stderr,
});
// A listener of a library must not keep a finished command alive.
if (process.stdout.writableNeedDrain) process.stdout.once('drain', () => process.exit());
else process.exit();
