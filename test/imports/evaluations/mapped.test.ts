import { describe, expect, it } from 'vitest';
import { contentId } from '../../../src-main/content-hash.ts';
import { openEvaluationImport, parseFieldMap } from '../../../src-main/imports/index.ts';
import { failureOf, jsonl, read, tempFolder } from '../fixtures.ts';

const folder = tempFolder();

describe('evaluations by mapping', () => {
  it('maps nested paths to every field', async () => {
    const record = {
      meta: { ids: ['x', 'y'], level: 3, family: 'f1' },
      messages: [{ role: 'user', content: 'Hi?' }],
      answers: [{ text: 'Hello', ok: 'yes' }],
      gold: 'Hello',
      points: '0.75',
      labels: ['a', 'b'],
      status: 'timed-out, error',
    };
    const map = parseFieldMap(
      'id=meta.ids[1],prompt=messages,output=answers[0].text,target=gold,correct=answers[0].ok,score=points,slice=meta.level,cluster=meta.family,tags=labels,resultTags=status',
    );
    const { rows } = await read(openEvaluationImport(folder.write('e.jsonl', jsonl([record])), { map }));
    expect(rows).toEqual([
      {
        sampleId: 'y',
        prompt: 'Hi?',
        output: 'Hello',
        target: 'Hello',
        verdict: 'right',
        score: 0.75,
        slices: ['level=3'],
        cluster: 'f1',
        tags: ['a', 'b'],
        resultTags: ['timed-out', 'error'],
      },
    ]);
  });

  it('understands verdicts as people write them, and guesses at none', async () => {
    const written = [
      true,
      1,
      '1',
      'TRUE',
      'yes',
      'Correct',
      'pass',
      false,
      0,
      'false',
      'no',
      'wrong',
      'fail',
      'tie',
      null,
      '',
      'NaN',
      'maybe',
      2,
      0.5,
      [],
      {},
    ];
    const path = folder.write('v.jsonl', jsonl(written.map((ok, i) => ({ q: `q${i}`, ok }))));
    const { rows, problems } = await read(openEvaluationImport(path, { map: { prompt: 'q', correct: 'ok' } }));
    expect(rows.map(({ verdict }) => verdict)).toEqual([
      ...Array<string>(7).fill('right'),
      ...Array<string>(6).fill('wrong'),
      'tie',
      null,
      null,
      null,
    ]);
    expect(problems).toEqual(['18', '19', '20', '21', '22'].map((line) => `${line} unknown-verdict ok`));
  });

  it('gives samples without ids an id of their prompt and target, the same in every file', async () => {
    const map = parseFieldMap('prompt=q,target=t,correct=ok');
    const one = [
      { q: 'a', t: '1', ok: 1 },
      { q: 'b', t: '2', ok: 0 },
    ];
    const left = await read(openEvaluationImport(folder.write('l.jsonl', jsonl(one)), { map }));
    const right = await read(openEvaluationImport(folder.write('r.jsonl', jsonl([...one].reverse())), { map }));
    expect(left.rows.map(({ sampleId }) => sampleId)).toEqual([contentId(['a', '1']), contentId(['b', '2'])]);
    expect(right.rows.map(({ sampleId }) => sampleId)).toEqual([contentId(['b', '2']), contentId(['a', '1'])]);
  });

  it('reads CSV, and the workbench’s own field names without a mapping', async () => {
    const csv = 'id,prompt,output,correct,score\ns1,"p, 1",o,true,0.5\ns2,p2,,false,\n';
    expect((await read(openEvaluationImport(folder.write('own.csv', csv)))).rows).toEqual([
      { sampleId: 's1', prompt: 'p, 1', output: 'o', verdict: 'right', score: 0.5 },
      { sampleId: 's2', prompt: 'p2', output: '', verdict: 'wrong', score: null },
    ]);
  });

  it('refuses mappings that lead nowhere or make nothing to compare', async () => {
    const path = folder.write(
      'f.jsonl',
      jsonl([
        { q: 'a', a: { ok: 1 } },
        { q: 'b', a: { ok: 0 } },
      ]),
    );
    const opened = (map: string): Promise<string> =>
      failureOf(read(openEvaluationImport(path, { map: parseFieldMap(map) })));
    expect(await opened('prompt=q,correct=a.okay')).toBe(
      'bad-input: No record of f.jsonl has “a.okay”, which the mapping wants for correct. — The records have: q, a.ok.',
    );
    expect(await opened('prompt=q')).toMatch(/^bad-input: The mapping “prompt=q” makes no evaluation\./);
    expect(await opened('correct=a.ok')).toMatch(/makes no evaluation/);
    expect(await failureOf(openEvaluationImport(path))).toMatch(
      /a mapping is needed\. — Map id, prompt, output, target, correct, score, slice, cluster, tags, resultTags to the fields there are: q, a\.ok\./,
    );
    expect(await failureOf(openEvaluationImport(path, { format: 'trl' }))).toMatch(
      /^bad-input: The format trl does not fit here\./,
    );
  });

  it('makes a problem of a record whose fields have the wrong type', async () => {
    const records = [
      { q: 'a', ok: 1, s: 'high', id: 1 },
      { q: { no: 'text' }, ok: 1, s: 1, id: 2 },
      { ok: 1, s: 1, id: 3 },
      { q: 'a', ok: 1, s: 1, id: 4.5 },
      { q: 'a', ok: 1, s: 1, id: 5 },
      'text',
    ];
    const { rows, problems } = await read(
      openEvaluationImport(folder.write('t.jsonl', jsonl(records)), {
        map: parseFieldMap('prompt=q,correct=ok,score=s,id=id'),
      }),
    );
    expect(rows.map(({ sampleId }) => sampleId)).toEqual(['5']);
    expect(problems).toEqual([
      '1 wrong-type s',
      '2 wrong-type q',
      '3 missing-field q',
      '4 wrong-type id',
      '6 not-an-object',
    ]);
  });
});

describe('texts that come as turns', () => {
  const turns = [
    { role: 'system', content: 'S' },
    { role: 'user', content: 'q' },
  ];
  const reply = [{ role: 'assistant', content: 'a' }];
  const shown = { prompt: 'system: S\n\nuser: q', output: 'a' };

  it.each([
    ['lists', turns, reply],
    ['lists of typed parts', turns, [{ role: 'assistant', content: [{ type: 'text', text: 'a' }] }]],
    [
      'ShareGPT’s turns',
      [
        { from: 'system', value: 'S' },
        { from: 'human', value: 'q' },
      ],
      [{ from: 'gpt', value: 'a' }],
    ],
    ['JSON of turns', JSON.stringify(turns), JSON.stringify(reply)],
    ['a single turn', turns, reply[0]],
  ])('%s are read without a mapping, and with one', async (_what, prompt, output) => {
    const path = folder.write('turns.jsonl', jsonl([{ id: 1, prompt, output, correct: true }]));
    for (const options of [{}, { map: parseFieldMap('id=id,prompt=prompt,output=output,correct=correct') }])
      expect((await read(openEvaluationImport(path, options))).rows[0]).toMatchObject(shown);
  });

  it('leaves a list that is no conversation as it is', async () => {
    const path = folder.write('list.jsonl', jsonl([{ prompt: '[1, 2]', output: [{ x: 1 }], correct: 1 }]));
    const { rows } = await read(openEvaluationImport(path, { map: parseFieldMap('prompt=prompt,output=output') }));
    expect(rows[0]).toMatchObject({ prompt: '[1, 2]', output: '[{"x":1}]' });
  });
});

describe('CSV as spreadsheets of half the world write it', () => {
  const header = ['id', 'prompt', 'output', 'correct', 'score'];
  const lines = (delimiter: string, end: string): string =>
    [header, ['1', 'Wie viel?', '"Ja, viel; sehr"', 'WAHR', '0,5'], ['2', 'Und?', 'nein', 'FALSCH', '-1.234,25']]
      .map((cells) => cells.join(delimiter))
      .join(end) + end;

  it.each([
    ['\n', ''],
    ['\r\n', ''],
    ['\r', ''],
    ['\r\n', 'sep=;\r\n'],
    ['\n', '\ufeffsep=;\n'],
    ['\r', 'sep=;\r'],
    ['\r\n', '"sep=;"\r\n'],
  ])('reads decimal commas between semicolons (line end %j, beginning %j)', async (end, start) => {
    const { rows, problems } = await read(openEvaluationImport(folder.write('s.csv', start + lines(';', end))));
    expect(problems).toEqual([]);
    expect(rows.map(({ sampleId, output, verdict, score }) => [sampleId, output, verdict, score])).toEqual([
      ['1', 'Ja, viel; sehr', 'right', 0.5],
      ['2', 'nein', 'wrong', -1234.25],
    ]);
  });

  it('takes a decimal comma between commas for no number, and names the field that is at fault', async () => {
    const text = 'id,prompt,output,correct,score\n1,a,b,1,"0,5"\n2,c,d,0,"1,234"\n';
    const { problems } = await read(openEvaluationImport(folder.write('c.csv', text)));
    expect(problems).toEqual(['2 wrong-type score', '3 wrong-type score']);
  });
});

describe('infinite scores', () => {
  it.each([
    ['python.jsonl', '{"id": "a", "score": Infinity}\n{"id": "b", "score": -Infinity}\n{"id": "c", "score": NaN}\n'],
    ['python.json', '[{"id": "a", "score": -Infinity}, {"id": "b", "score": Infinity}, {"id": "c", "score": 1}]'],
    ['table.csv', 'id,score\na,inf\nb,-Infinity\nc,nan\n'],
  ])('are none, and are told of (%s)', async (name, text) => {
    const map = parseFieldMap('id=id,score=score');
    const { rows, stream } = await read(openEvaluationImport(folder.write(name, text), { map }));
    expect(rows.slice(0, 2).map(({ score }) => score)).toEqual([null, null]);
    expect(stream.metadata().notes).toEqual(['2 records hold infinite numbers, which were taken as none.']);
  });
});
