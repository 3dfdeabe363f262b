// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { WorkbenchError } from '../../src-main/shared/domain/errors.ts';
import { askForConsentWith, connect, invoke } from '../../src-renderer/api/client.ts';
import { useConsents } from '../../src-renderer/stores/consents.ts';
import { FakeBridge, settled } from './fake-bridge.ts';

const origins = ['https://a.example', 'https://b.example'];
let bridge: FakeBridge;

beforeEach(() => {
  setActivePinia(createPinia());
  const given = new Set<string>();
  bridge = new FakeBridge({
    'evaluations.start': () => {
      const missing = origins.find((origin) => !given.has(origin));
      if (missing === undefined) return { jobId: 'job' };
      throw new WorkbenchError('bad-input', `Sends texts to ${missing}.`, {
        consent: { kind: 'endpoint', origin: missing },
      });
    },
    'consents.give': (consent) => {
      if (consent.kind === 'endpoint') given.add(consent.origin);
      return null;
    },
  });
  connect(bridge);
  askForConsentWith(useConsents().ask);
});
afterEach(() => askForConsentWith(null));

const start = () => invoke('evaluations.start', { target: 'm', suiteId: 's' });

it('a request continues once a person has allowed all that it needs, one question after the other', async () => {
  const consents = useConsents();
  const started = start();
  for (const origin of origins) {
    await settled();
    expect(consents.question).toMatchObject({ consent: { origin }, reason: `Sends texts to ${origin}.` });
    consents.answer(true);
  }
  expect(await started).toEqual({ jobId: 'job' });
  expect(bridge.asked('consents.give')).toEqual(origins.map((origin) => ({ kind: 'endpoint', origin })));
  expect(consents.question).toBeNull();
});

it('a no ends the request, and nothing is allowed', async () => {
  const started = start();
  await settled();
  useConsents().answer(false);
  await expect(started).rejects.toMatchObject({ code: 'cancelled' });
  expect(bridge.asked('consents.give')).toEqual([]);
});
