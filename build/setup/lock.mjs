import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfInterrupted } from './interruption.mjs';
import { say } from './log.mjs';

/**
 * Holds `<dir>/setup.lock` while `work` runs, so that two set-ups (a test run next to a start, two clones of the same user)
 * don't write the same files. A lock whose holder is gone is taken over.
 */
export async function withLock(dir, work) {
  fs.mkdirSync(dir, { recursive: true });
  const file = path.join(dir, 'setup.lock');
  for (let waited = false; ; waited = true) {
    if (tryTake(file)) break;
    const holder = readHolder(file);
    if (holder === undefined || !isAlive(holder)) {
      // Renamed first: of two processes that both see a dead holder only one gets the file away.
      const stale = `${file}.${process.pid}.stale`;
      try {
        fs.renameSync(file, stale);
        fs.rmSync(stale, { force: true });
      } catch {
        // Somebody else was quicker; the next round sees their lock.
      }
      continue;
    }
    if (!waited) say(`another set-up (process ${holder}) is at work; waiting for it`);
    await sleep(500);
    throwIfInterrupted();
  }
  try {
    return await work();
  } finally {
    fs.rmSync(file, { force: true });
  }
}

function tryTake(file) {
  try {
    // Written whole and linked into place: a lock is never seen without its process id.
    const own = `${file}.${process.pid}`;
    fs.writeFileSync(own, String(process.pid));
    try {
      fs.linkSync(own, file);
      return true;
    } finally {
      fs.rmSync(own, { force: true });
    }
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(file) {
  try {
    const pid = Number(fs.readFileSync(file, 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
