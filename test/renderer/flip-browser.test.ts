// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia';
import { beforeEach, describe, expect, it } from 'vitest';
import { WorkbenchError } from '../../src-main/shared/domain/errors.ts';
import { connect } from '../../src-renderer/api/client.ts';
import { defaultState } from '../../src-renderer/format/flip-query.ts';
import { useFlipBrowser } from '../../src-renderer/stores/flip-browser.ts';
import { useSample } from '../../src-renderer/stores/sample.ts';
import { useTriage } from '../../src-renderer/stores/triage.ts';
import { FakeBridge, settled } from './fake-bridge.ts';
import { comparisonRecord, flipRow, noFacets, sampleDetail } from './samples.ts';

let bridge: FakeBridge;
let views: Map<string, number[]>;
let opened: number;
beforeEach(() => {
  setActivePinia(createPinia());
  views = new Map();
  opened = 0;
  bridge = new FakeBridge({
    'comparisons.get': ({ comparisonId }) => comparisonRecord({ id: comparisonId }),
    'flips.open': ({ filter }) => {
      const keys = filter?.search === 'odd' ? [1, 3, 5] : [1, 2, 3, 4, 5, 6];
      const viewId = `view-${++opened}`;
      views.set(viewId, keys);
      return { viewId, total: keys.length };
    },
    'flips.window': ({ viewId, offset, limit }) => {
      const keys = views.get(viewId);
      if (keys === undefined) throw new WorkbenchError('not-found', 'the view was forgotten');
      return keys.slice(offset, offset + limit).map((key) => flipRow(key, { reviewed: key < 4 }));
    },
    'flips.position': ({ viewId, sampleKey }) => {
      const index = views.get(viewId)?.indexOf(sampleKey) ?? -1;
      return index < 0 ? null : index;
    },
    'flips.close': ({ viewId }) => {
      views.delete(viewId);
      return null;
    },
    'flips.facets': () => noFacets,
    'samples.get': ({ sampleKey }) => sampleDetail(sampleKey),
    'annotations.set': () => ({ undoToken: 'undo-1' }),
    'annotations.undo': () => null,
  });
  connect(bridge);
});
const odd = { ...defaultState, filter: { kinds: ['negative' as const], search: 'odd' } };

describe('the flip browser', () => {
  it('opens a view, and closes it when another takes its place', async () => {
    const browser = useFlipBrowser();
    await browser.show('c', defaultState);
    expect(browser.total).toBe(6);
    await browser.show('c', odd);
    await settled();
    expect([browser.total, [...views.keys()]]).toEqual([3, ['view-2']]);
  });

  it('keeps the selection through filters, where it is in the list and where it is not', async () => {
    const browser = useFlipBrowser();
    await browser.show('c', { ...defaultState, sample: 5 });
    expect(browser.position).toBe(4);
    await browser.show('c', { ...odd, sample: 5 });
    expect(browser.position).toBe(2);
    await browser.show('c', { ...odd, sample: 4 });
    expect(browser.position).toBeNull();
    expect(opened).toBe(2);
  });

  it('takes the newest of answers that overtake each other', async () => {
    const browser = useFlipBrowser();
    await browser.show('c', defaultState);
    const slow = browser.show('c', odd);
    const quick = browser.show('c', defaultState);
    await Promise.all([slow, quick]);
    await settled();
    expect(browser.total).toBe(6);
    expect(views.size).toBe(1);
  });

  it('opens the view again when the workbench has forgotten it', async () => {
    const browser = useFlipBrowser();
    await browser.show('c', defaultState);
    views.clear();
    browser.rows?.want(0, 5);
    await settled();
    browser.rows?.want(0, 5);
    await settled();
    expect(browser.error).toBeNull();
    expect(browser.rows?.at(0)?.sampleKey).toBe(1);
  });

  it('shows a comparison once it has been built', async () => {
    bridge.handlers['comparisons.get'] = ({ comparisonId }) =>
      comparisonRecord({ id: comparisonId, state: 'building', progress: 0.2 });
    const browser = useFlipBrowser();
    await browser.show('c', defaultState);
    expect([browser.rows, opened]).toEqual([null, 0]);
    bridge.tell({ topic: 'comparison', comparison: comparisonRecord({ id: 'c' }) });
    await settled();
    expect(browser.total).toBe(6);
  });
});

describe('a comparison that is ready before the answer that it is being built', () => {
  it('is shown all the same', async () => {
    bridge.handlers['comparisons.get'] = ({ comparisonId }) => {
      bridge.tell({ topic: 'comparison', comparison: comparisonRecord({ id: comparisonId }) });
      return comparisonRecord({ id: comparisonId, state: 'building' });
    };
    const browser = useFlipBrowser();
    await browser.show('c', defaultState);
    await settled();
    expect(browser.total).toBe(6);
  });
});

describe('triage', () => {
  async function openSample(key: number) {
    const browser = useFlipBrowser();
    await browser.show('c', { ...defaultState, sample: key });
    browser.rows?.want(0, 5);
    await useSample().show('c', key);
    await settled();
    return { browser, sample: useSample(), triage: useTriage() };
  }

  it('labels the open sample and shows it at once', async () => {
    const { browser, sample, triage } = await openSample(5);
    await triage.label(2);
    expect(bridge.asked('annotations.set')).toEqual([
      { comparisonId: 'c', sampleKeys: [5], change: { label: 2, reviewed: true } },
    ]);
    expect([sample.detail?.annotation?.label, browser.rows?.at(4)?.label, browser.rows?.at(4)?.reviewed]).toEqual([
      2,
      2,
      true,
    ]);
    await triage.label(2);
    expect(sample.detail?.annotation?.label).toBeNull();
  });

  it('judges all marked samples instead', async () => {
    const { triage } = await openSample(5);
    triage.toggleMark(1);
    triage.mark([2, 3]);
    triage.toggleMark(2);
    await triage.change({ reviewed: true });
    expect(bridge.asked('annotations.set')).toEqual([
      { comparisonId: 'c', sampleKeys: [1, 3], change: { reviewed: true } },
    ]);
  });

  it('takes the last judgement back', async () => {
    const { sample, triage } = await openSample(5);
    await triage.label(2);
    await triage.undo();
    await settled();
    expect(bridge.asked('annotations.undo')).toEqual([{ undoToken: 'undo-1' }]);
    expect(sample.detail?.annotation).toBeNull();
    expect(triage.undoTokens).toEqual([]);
  });

  it('finds the next sample that nobody reviewed', async () => {
    const { triage } = await openSample(1);
    expect(await triage.nextUnreviewed(0)).toBe(4);
    expect(await triage.nextUnreviewed(3)).toBe(5);
    expect(await triage.nextUnreviewed(5)).toBeNull();
  });
});
