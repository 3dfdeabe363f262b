/**
 * Environment of a trainer child. A training step frees and takes the same large tensors again and again; glibc would give
 * each back to the system and have it zeroed again, page by page, which costs about a sixth of a step's processor time. It
 * keeps them instead, until the child ends. Other allocators do not know these variables.
 */
export function childEnvironment(): NodeJS.ProcessEnv {
  return { MALLOC_MMAP_THRESHOLD_: '4294967296', MALLOC_TRIM_THRESHOLD_: '17179869184', ...process.env };
}
