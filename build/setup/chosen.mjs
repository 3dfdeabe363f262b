// Set-up as a person chooses it in a window: first what is here and what could be had at which cost, then the one way that was chosen.
import fs from 'node:fs';
import { bind, isCurrent, readMarker, renew } from './ensure-native.mjs';
import { bindingObstacle, placeBinding } from './binding.mjs';
import { nvidiaGpus } from './gpu.mjs';
import { interrupted, throwIfInterrupted } from './interruption.mjs';
import { withLock } from './lock.mjs';
import { bindingFile, cacheDir, failureFile, markerFile } from './paths.mjs';
import { cached, installed, named, official, officialOffer, wheel, wheelOffer } from './sources.mjs';

const sources = { folder: named, official, wheel };
/** What these answer for is on the machine already. */
const withoutDownload = [named, cached, installed];
const notWorthSaying = /is not set$|^none cached$|^none installed on this machine$|^turned off by /;

/**
 * What is here; where nothing is, what could be had. A library that is on the machine already is taken without a question, since it
 * costs nothing.
 * @returns {Promise<{ ready: object | null, offers: object[], missed: string[] }>}
 */
export async function look({ env, smoke }) {
  if (env.FLIPGUARD_SETUP === 'off')
    return { ready: readMarker() ?? null, offers: [], missed: ['turned off by FLIPGUARD_SETUP'] };
  const gpus = await nvidiaGpus(env);
  const missed = [];
  const ready = await takeWhatIsHere({ env, gpus, smoke, missed });
  if (ready !== null) return { ready, offers: [], missed: [] };
  const obstacle = await bindingObstacle(env);
  if (obstacle !== null) return { ready: null, offers: [], missed: [...missed, obstacle] };
  const offers = [];
  for (const flavour of flavoursFor(gpus))
    for (const offer of [officialOffer, wheelOffer]) {
      throwIfInterrupted();
      try {
        offers.push(await offer({ env, flavour }));
      } catch (error) {
        missed.push(gpus.length > 0 ? `${flavour}: ${error.message}` : error.message);
      }
    }
  return { ready: null, offers, missed };
}

/**
 * Sets up from one source; what was in use before continues where that fails.
 * @param {{ source: 'official' | 'wheel' | 'folder', flavour: 'cpu' | 'cuda' }} choice
 */
export async function setUpFrom({ env, source, flavour, smoke }) {
  const gpus = await nvidiaGpus(env);
  return withLock(cacheDir(env), async () => {
    const before = inUse();
    try {
      const found = await sources[source]({ env, flavour });
      throwIfInterrupted();
      const result = await bind({ env, found, cudaTried: gpus.length > 0 && flavour === 'cuda', smoke });
      if (flavour === 'cuda' && source !== 'folder' && !result.gpu)
        throw new Error(`${found.origin}: it does not see the GPU`);
      fs.rmSync(failureFile(env), { force: true });
      return result;
    } catch (error) {
      before.restore();
      throw interrupted.aborted ? new Error('cancelled') : error;
    }
  });
}

async function takeWhatIsHere({ env, gpus, smoke, missed }) {
  const marker = readMarker();
  if (marker !== undefined && isCurrent(marker)) return marker;
  return withLock(cacheDir(env), async () => {
    if (readMarker() !== undefined) {
      const renewed = await renew(env, smoke);
      if (renewed.ok) return renewed;
    }
    for (const flavour of flavoursFor(gpus))
      for (const source of withoutDownload) {
        throwIfInterrupted();
        try {
          return await bind({ env, found: await source({ env, flavour }), cudaTried: gpus.length > 0, smoke });
        } catch (error) {
          if (!notWorthSaying.test(error.message)) missed.push(error.message);
        }
      }
    return null;
  });
}

function flavoursFor(gpus) {
  return gpus.length > 0 ? ['cuda', 'cpu'] : ['cpu'];
}

/** The binding of now, kept in memory: it is a few hundred kilobytes. */
function inUse() {
  const marker = readMarker();
  if (marker === undefined) return { restore() {} };
  const bytes = fs.readFileSync(bindingFile);
  const text = JSON.parse(fs.readFileSync(markerFile, 'utf8'));
  return {
    restore() {
      const kept = `${bindingFile}.kept`;
      fs.writeFileSync(kept, bytes, { mode: 0o755 });
      placeBinding(kept, text);
      fs.rmSync(kept, { force: true });
    },
  };
}
