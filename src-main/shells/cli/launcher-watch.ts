const lookEveryMs = 500;

/**
 * Calls back once when the launcher that started this process is gone, also where it was killed and could pass no signal on: what
 * it started ends with it. Does nothing in a process that no launcher of ours started. Answers how to stop looking.
 */
export function watchLauncher(env: NodeJS.ProcessEnv, onGone: () => void): () => void {
  const launcher = process.ppid;
  if (env.FLIPGUARD_LAUNCHER !== String(launcher)) return () => {};
  const timer = setInterval(() => {
    // An orphan is given to another parent.
    if (process.ppid === launcher) return;
    clearInterval(timer);
    onGone();
  }, lookEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}
